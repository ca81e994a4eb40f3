/** A hub on this machine: answers as Hugging Face's does, and can be told to misbehave. */
import { createHash } from "node:crypto";

/** The commit that every branch stands for. */
export const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** A file of the hub, and how it is served. */
export interface FakeFile {
  readonly content: Uint8Array<ArrayBuffer>;
  /** Etag as it stands in the header. @default {the SHA-256 in quotes} */
  readonly etag?: string;
  /** Size that the hub announces. @default {that of the content} */
  readonly size?: number;
  /** Bytes after which each of the first downloads is cut off. */
  readonly cuts?: readonly number[];
  /** Statuses with which the first requests of any kind are answered. */
  readonly failures?: readonly number[];
  /** Whether the storage ignores ranges. */
  readonly whole?: boolean;
  /** Whether the hub sends the content itself instead of a redirect. */
  readonly direct?: boolean;
  /** Whether the storage falls silent in the middle of the first download. */
  readonly silent?: boolean;
  /** Whether the hub leaves the first request without an answer. */
  readonly deaf?: boolean;
}

/** A refusal: status, and the code that explains it. */
export interface FakeRefusal {
  readonly status: number;
  readonly code?: string;
}

/** A request that arrived. */
export interface Heard {
  /** `hub` or `storage`. */
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly range: string | null;
  readonly authorization: string | null;
}

/** Hexadecimal SHA-256. */
export function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Bytes that tell when they are out of place. */
export function someBytes(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255);
}

/** Two servers: the hub, and the storage that it redirects to. */
export class FakeHub implements AsyncDisposable {
  /** Files by `owner/name/file`. */
  readonly files = new Map<string, FakeFile>();
  /** Refusals by `owner/name`. */
  readonly refusals = new Map<string, FakeRefusal>();
  /** Repositories by a name that they had before. */
  readonly renamed = new Map<string, string>();
  /** All requests, in their order. */
  readonly heard: Heard[] = [];
  readonly #hub: Deno.HttpServer<Deno.NetAddr>;
  readonly #storage: Deno.TcpListener;
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #served = new Map<FakeFile, { failures: number; downloads: number }>();
  readonly #end = Promise.withResolvers<void>();

  constructor() {
    const local = { hostname: "127.0.0.1", port: 0 };
    this.#hub = Deno.serve({ ...local, onListen: () => {} }, (request) => this.#answer(request));
    this.#storage = Deno.listen(local);
    this.#serveStorage();
  }

  /** Address of the hub. */
  get endpoint(): URL {
    return new URL(`http://127.0.0.1:${this.#hub.addr.port}`);
  }

  /** Bytes from which the storage was asked to send. */
  get ranges(): (string | null)[] {
    return this.heard.filter(({ host }) => host === "storage").map(({ range }) => range);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#storage.close();
    for (const connection of this.#connections) connection.close();
    this.#end.resolve();
    await this.#hub.shutdown();
  }

  #hear(host: string, method: string, { pathname }: URL, headers: Headers): void {
    const range = headers.get("range");
    const authorization = headers.get("authorization");
    this.heard.push({ host, method, path: pathname, range, authorization });
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const { pathname } = url;
    this.#hear("hub", request.method, url, request.headers);
    const [, owner, name, , revision, file] = pathname.split("/");
    const repository = `${owner}/${name}`;
    const now = this.renamed.get(repository);
    if (now) {
      const location = pathname.replace(repository, now);
      return new Response(null, { status: 307, headers: { location } });
    }
    const refusal = this.refusals.get(repository);
    if (refusal) return refuse(refusal);
    const found = this.files.get(`${repository}/${file}`);
    const known = [...this.files.keys()].some((key) => key.startsWith(`${repository}/`));
    if (!known) return refuse({ status: 401, code: "RepoNotFound" });
    if (!["main", "refs%2Fpr%2F1", COMMIT].includes(revision)) {
      return refuse({ status: 404, code: "RevisionNotFound" });
    }
    if (!found) return refuse({ status: 404, code: "EntryNotFound" });
    if (found.deaf && this.#countersOf(found).failures++ === 0) await this.#end.promise;
    const status = this.#nextFailure(found);
    if (status !== undefined) return refuse({ status });
    const size = String(found.size ?? found.content.length);
    const etag = found.etag ?? `"${sha256(found.content)}"`;
    if (found.direct) {
      const headers = { "x-repo-commit": COMMIT, etag, "content-length": size };
      if (request.method === "HEAD") return new Response(null, { headers });
      return new Response(found.content, { headers });
    }
    const { port } = this.#storage.addr as Deno.NetAddr;
    const location = `http://127.0.0.1:${port}/${repository}/${file}`;
    const headers = {
      location,
      etag: '"of-the-redirect"',
      "x-repo-commit": COMMIT,
      "x-linked-etag": etag,
      "x-linked-size": size,
    };
    return new Response(null, { status: 302, headers });
  }

  #countersOf(file: FakeFile): { failures: number; downloads: number } {
    const counters = this.#served.get(file) ?? { failures: 0, downloads: 0 };
    this.#served.set(file, counters);
    return counters;
  }

  #nextFailure(file: FakeFile): number | undefined {
    return file.failures?.[this.#countersOf(file).failures++];
  }

  /** Speaks HTTP by hand, because a server that works does not break connections. */
  async #serveStorage(): Promise<void> {
    for await (const connection of this.#storage) {
      this.#connections.add(connection);
      // A client that leaves early is what some tests are about.
      this.#send(connection).catch(() => {});
    }
  }

  async #send(connection: Deno.TcpConn): Promise<void> {
    const { url, headers } = await readRequest(connection);
    this.#hear("storage", "GET", url, headers);
    const file = this.files.get(url.pathname.slice(1))!;
    const download = this.#countersOf(file).downloads++;
    const [, from] = /^bytes=(\d+)-$/.exec(headers.get("range") ?? "") ?? [];
    const start = file.whole ? 0 : Number(from ?? 0);
    const missing = start > 0 && start >= file.content.length;
    const body = missing ? new Uint8Array() : file.content.subarray(start);
    const status = missing ? "416 No" : start > 0 ? "206 Part" : "200 OK";
    const head = `HTTP/1.1 ${status}\r\ncontent-length: ${body.length}\r\n\r\n`;
    await writeAll(connection, new TextEncoder().encode(head));
    const silent = file.silent && download === 0;
    await writeAll(connection, body.subarray(0, silent ? 10 : file.cuts?.[download]));
    if (silent) return;
    this.#connections.delete(connection);
    connection.close();
  }
}

function refuse({ status, code }: FakeRefusal): Response {
  return new Response(null, { status, headers: code ? { "x-error-code": code } : {} });
}

async function readRequest(connection: Deno.TcpConn): Promise<{ url: URL; headers: Headers }> {
  let text = "";
  const block = new Uint8Array(4096);
  while (!text.includes("\r\n\r\n")) {
    const count = await connection.read(block);
    if (count === null) throw new Error("a connection without a request");
    text += new TextDecoder().decode(block.subarray(0, count));
  }
  const [line, ...lines] = text.trim().split("\r\n");
  const headers = new Headers(lines.map((line) => line.split(": ", 2) as [string, string]));
  return { url: new URL(line.split(" ")[1], "http://127.0.0.1"), headers };
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}
