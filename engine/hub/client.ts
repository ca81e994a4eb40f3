/**
 * Asks a model hub for files, by HTTP.
 * @module
 */
import { env } from "node:process";
import { DataError } from "../errors.ts";
import { firstLine } from "../first_line.ts";
import { isDenied } from "../platform/permissions.ts";

/** Address that is asked where `HF_ENDPOINT` names no other. */
const DEFAULT_ENDPOINT = "https://huggingface.co";
/** Redirects that are followed for one request. */
const MAX_REDIRECTS = 5;
/** Statuses that pass. */
const TEMPORARY: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** A connection that failed, or a server that is out of order: trying again may help. */
export class NetworkError extends Error {
  /** Name of the class. */
  override name = "NetworkError";
}

/** What a hub says about a file before it is downloaded. */
export interface RemoteFile {
  /** Name in the repository. */
  readonly name: string;
  /** Commit that the revision stands for. */
  readonly commit: string;
  /** Name of the content: its SHA-256 for large files. */
  readonly etag: string;
  /** Bytes, where the hub says it. */
  readonly size?: number;
}

/** A repository at a revision. */
export interface RemoteRepository {
  /** `owner/name`. */
  readonly repository: string;
  /** Branch, tag or commit. */
  readonly revision: string;
}

/**
 * How a hub is asked.
 * @category Downloads
 */
export interface HubOptions {
  /** Address of the hub. @default {hubEndpoint()} */
  readonly endpoint?: URL;
  /** Token of an account; goes to the hub's own host only. @default {HF_TOKEN} */
  readonly token?: string;
}

/**
 * Address of the hub: `HF_ENDPOINT`, or `https://huggingface.co`.
 * @returns The address.
 * @throws {DataError} if `HF_ENDPOINT` is not an address.
 *
 * @example The host that a download needs permission for
 * ```ts
 * import { assertEquals } from "@std/assert";
 * if (!Deno.env.get("HF_ENDPOINT")) assertEquals(hubEndpoint().host, "huggingface.co");
 * ```
 */
export function hubEndpoint(): URL {
  const text = env.HF_ENDPOINT || DEFAULT_ENDPOINT;
  const url = URL.parse(text);
  if (url?.protocol === "https:" || url?.protocol === "http:") return url;
  throw new DataError(`Cannot use HF_ENDPOINT "${text}": expected an http or https address`);
}

/** A hub that can be asked. */
export class HubClient {
  readonly #endpoint: URL;
  readonly #token: string | undefined;

  /**
   * @param options Address and token.
   */
  constructor({ endpoint = hubEndpoint(), token = env.HF_TOKEN }: HubOptions = {}) {
    this.#endpoint = endpoint;
    this.#token = token || undefined;
  }

  /**
   * Asks for what there is to know about a file.
   * @param at Repository and revision.
   * @param name Name of the file.
   * @param signal Stops the request.
   * @returns The facts, or `undefined` if the repository has no such file.
   * @throws {NetworkError} if trying again may help.
   * @throws {DataError} if it will not.
   */
  async describe(
    at: RemoteRepository,
    name: string,
    signal?: AbortSignal,
  ): Promise<RemoteFile | undefined> {
    const url = this.#addressOf(at, name);
    // A redirect to another host carries the facts already; only the hub itself knows them.
    const response = await this.#request(url, { method: "HEAD", signal, stayOnHost: true });
    if (response.status === 404 && missesFile(response)) return undefined;
    if (response.status >= 400) throw this.#refusal(response, at, name);
    const { headers } = response;
    const commit = headers.get("x-repo-commit") ?? "";
    const etag = (headers.get("x-linked-etag") ?? headers.get("etag") ?? "")
      .replace(/^W\//, "").replaceAll('"', "");
    // Both become parts of paths.
    if (!/^[0-9a-f]{40}$/.test(commit) || !/^[\w-]+$/.test(etag)) {
      throw new DataError(
        `Cannot download ${name} of "${at.repository}": ${this.#endpoint.host} does not answer ` +
          `as a Hugging Face hub, commit "${commit}", etag "${etag}"`,
      );
    }
    const redirected = response.status >= 300;
    const size = headers.get("x-linked-size") ??
      (redirected ? null : headers.get("content-length"));
    return { name, commit, etag, size: size === null ? undefined : Number(size) };
  }

  /**
   * Begins to download a file.
   * @param repository `owner/name`.
   * @param file The file, as {@linkcode HubClient.describe} found it.
   * @param options Byte to begin at, and what stops the request.
   * @returns The response: 200, 206 if it begins at `offset`, or 416 if there is nothing there.
   * @throws {NetworkError} if trying again may help.
   * @throws {DataError} if it will not.
   */
  async open(
    repository: string,
    file: RemoteFile,
    { offset = 0, signal }: { readonly offset?: number; readonly signal?: AbortSignal } = {},
  ): Promise<Response> {
    const at = { repository, revision: file.commit };
    const range = offset > 0 ? { range: `bytes=${offset}-` } : undefined;
    const response = await this.#request(this.#addressOf(at, file.name), {
      headers: range,
      signal,
    });
    if (response.ok || response.status === 416) return response;
    await response.body?.cancel();
    throw this.#refusal(response, at, file.name);
  }

  #pageOf(repository: string): string {
    return `${this.#endpoint.href.replace(/\/+$/, "")}/${repository}`;
  }

  #addressOf({ repository, revision }: RemoteRepository, name: string): URL {
    return new URL(`${this.#pageOf(repository)}/resolve/${encodeURIComponent(revision)}/${name}`);
  }

  /** Follows redirects by hand, so that the token stays with the hub's host. */
  async #request(start: URL, options: RequestOptions): Promise<Response> {
    let url = start;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      const response = await this.#fetch(url, options);
      const location = response.headers.get("location");
      if (response.status < 300 || response.status >= 400 || location === null) return response;
      const next = URL.parse(location, url);
      if (next === null) break;
      if (options.stayOnHost && next.host !== url.host) return response;
      await response.body?.cancel();
      url = next;
    }
    throw new DataError(`Cannot download from ${start.host}: its redirects lead nowhere`);
  }

  async #fetch(url: URL, { method, headers, signal }: RequestOptions): Promise<Response> {
    const withToken = url.origin === this.#endpoint.origin && this.#token !== undefined;
    try {
      return await fetch(url, {
        method,
        signal,
        redirect: "manual",
        headers: {
          ...headers,
          "accept-encoding": "identity", // Sizes are those of the file.
          ...(withToken && { authorization: `Bearer ${this.#token}` }),
        },
      });
    } catch (error) {
      signal?.throwIfAborted();
      if (isDenied(error)) {
        throw new DataError(
          `Cannot download from ${url.host}: Deno has no permission to reach it, see --allow-net`,
          { cause: error },
        );
      }
      throw networkError(error, url.host);
    }
  }

  /** The error that explains a status. */
  #refusal(response: Response, at: RemoteRepository, name: string): Error {
    const { status } = response;
    const host = new URL(response.url).host;
    if (TEMPORARY.has(status)) return new NetworkError(`${host} answers with status ${status}`);
    const state = this.#explain(response, at) ?? `${host} answers with status ${status}`;
    return new DataError(`Cannot download ${name} of "${at.repository}": ${state}`);
  }

  #explain({ status, headers }: Response, at: RemoteRepository): string | undefined {
    const code = headers.get("x-error-code");
    const page = this.#pageOf(at.repository);
    const token = this.#token !== undefined;
    if (code === "RevisionNotFound") return `it has no revision "${at.revision}"`;
    if (code === "GatedRepo") {
      return `access is restricted: accept the terms at ${page} and ` +
        (token
          ? "use a token of that account as HF_TOKEN"
          : "set HF_TOKEN to your account's token");
    }
    if (status === 404) {
      return `${page} does not exist${token ? ", or the token may not see it" : ""}`;
    }
    if (status !== 401 && status !== 403) return undefined;
    if (token) return `the token in HF_TOKEN has no access to ${page}, or that does not exist`;
    return `${page} does not exist, or is private or restricted and wants a token as HF_TOKEN`;
  }
}

interface RequestOptions {
  readonly method?: "HEAD";
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly stayOnHost?: boolean;
}

/** Whether it is the file that is missing, and not the repository or the revision. */
function missesFile({ headers }: Response): boolean {
  const code = headers.get("x-error-code");
  return code === null || code === "EntryNotFound";
}

/**
 * The error of a connection that failed.
 * @param error What was thrown.
 * @param host Whom it was to.
 * @returns The error, with the reason in one line.
 */
export function networkError(error: unknown, host: string): NetworkError {
  return new NetworkError(`the connection to ${host} failed: ${firstLine(error)}`, {
    cause: error,
  });
}
