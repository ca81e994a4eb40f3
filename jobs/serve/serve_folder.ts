/**
 * Serving the folder of a page on this machine, with the headers that threads in browsers need.
 * @module
 */
import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { DataError } from "../../engine/errors.ts";
import { errorCode } from "../../engine/storage/file_reader.ts";

/** Address that only this machine reaches. */
const HOST = "127.0.0.1";

/** What ends of names mean. */
const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json",
  ".mjs": "text/javascript",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** Without them, browsers keep memory from being shared, and so threads from working together. */
const HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "Cache-Control": "no-cache",
};

/** A folder that is being served. */
export interface Served extends AsyncDisposable {
  /** Address of the page. */
  readonly url: string;
  /** Settles when nothing is served any more. */
  readonly finished: Promise<void>;
}

/** How a folder is served. */
export interface ServeOptions {
  /** Port; any free one where it is 0. */
  readonly port: number;
  /** Path below which the folder is seen, with slashes around it. @default {"/"} */
  readonly base?: string;
  /** Ends it when it aborts. */
  readonly signal?: AbortSignal;
}

/**
 * Serves a folder on this machine.
 * @param folder The folder.
 * @param options Port and path.
 * @returns What is served; dispose of it to end.
 * @throws {DataError} if there is no such folder, or the port is in use.
 *
 * @example Read a file back
 * ```ts ignore
 * await using served = await serveFolder("page", { port: 0 });
 * console.log(await (await fetch(served.url)).text());
 * ```
 */
export async function serveFolder(
  folder: string,
  { port, base = "/", signal }: ServeOptions,
): Promise<Served> {
  const root = await rootOf(folder);
  const server = createServer((request, response) => {
    // A browser that goes away in the middle of a file is nobody's mistake.
    answer(request, response, { root, base }).catch(() => response.destroy());
  });
  try {
    await listening(server, port);
  } catch (cause) {
    if (errorCode(cause) !== "EADDRINUSE") throw cause;
    throw new DataError(`Cannot serve "${folder}": port ${port} is in use`, { cause });
  }
  const finished = new Promise<void>((resolve) => server.once("close", resolve));
  const end = () => {
    server.close();
    server.closeAllConnections();
  };
  signal?.addEventListener("abort", end, { once: true });
  if (signal?.aborted) end();
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}${base}`,
    finished,
    async [Symbol.asyncDispose]() {
      end();
      await finished;
    },
  };
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, HOST, () => resolve());
  });
}

async function rootOf(folder: string): Promise<string> {
  try {
    const root = await realpath(folder);
    if ((await stat(root)).isDirectory()) return root;
  } catch (cause) {
    if (errorCode(cause) !== "ENOENT") throw cause;
    throw new DataError(`Cannot serve "${folder}": there is no such folder`, { file: folder });
  }
  throw new DataError(`Cannot serve "${folder}": it is not a folder`, { file: folder });
}

async function answer(
  { method, url = "/" }: IncomingMessage,
  response: ServerResponse,
  { root, base }: { readonly root: string; readonly base: string },
): Promise<void> {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  const refuse = (status: number) => void response.writeHead(status).end();
  if (method !== "GET" && method !== "HEAD") return refuse(405);
  const file = await fileOf(new URL(url, `http://${HOST}`).pathname, root, base);
  if (file === undefined) return refuse(404);
  const type = TYPES[extname(file.path).toLowerCase()] ?? "application/octet-stream";
  response.writeHead(200, { "Content-Type": type, "Content-Length": file.size });
  if (method === "HEAD") return void response.end();
  await pipeline(createReadStream(file.path), response);
}

/** The file that a path names: one in the folder, never one outside. */
async function fileOf(
  pathname: string,
  root: string,
  base: string,
): Promise<{ readonly path: string; readonly size: number } | undefined> {
  if (!pathname.startsWith(base)) return undefined;
  try {
    const below = decodeURIComponent(pathname.slice(base.length));
    const named = join(root, below === "" || below.endsWith("/") ? `${below}index.html` : below);
    const path = await realpath(named);
    const found = await stat(path);
    const inside = path.startsWith(root.endsWith("/") ? root : `${root}/`) ||
      path.startsWith(`${root}\\`);
    return found.isFile() && inside ? { path, size: found.size } : undefined;
  } catch {
    return undefined;
  }
}
