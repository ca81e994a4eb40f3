/**
 * Serving the folder of a page on this machine, with the headers that threads in browsers need.
 * @module
 */
import { extname, join } from "node:path";
import { DataError } from "../../engine/errors.ts";

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
  const serve = (handler: (request: Request) => Promise<Response>) => {
    try {
      return Deno.serve({ hostname: HOST, port, signal, onListen: () => {} }, handler);
    } catch (cause) {
      if (!(cause instanceof Deno.errors.AddrInUse)) throw cause;
      throw new DataError(`Cannot serve "${folder}": port ${port} is in use`, { cause });
    }
  };
  const server = serve((request) => answer(request, root, base));
  return {
    url: `http://${HOST}:${server.addr.port}${base}`,
    finished: server.finished,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function rootOf(folder: string): Promise<string> {
  try {
    const root = await Deno.realPath(folder);
    if ((await Deno.stat(root)).isDirectory) return root;
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new DataError(`Cannot serve "${folder}": there is no such folder`, { file: folder });
  }
  throw new DataError(`Cannot serve "${folder}": it is not a folder`, { file: folder });
}

async function answer({ method, url }: Request, root: string, base: string): Promise<Response> {
  const headers = new Headers(HEADERS);
  const refuse = (status: number) => new Response(null, { status, headers });
  if (method !== "GET" && method !== "HEAD") return refuse(405);
  const file = await fileOf(new URL(url).pathname, root, base);
  if (file === undefined) return refuse(404);
  headers.set(
    "Content-Type",
    TYPES[extname(file.path).toLowerCase()] ?? "application/octet-stream",
  );
  headers.set("Content-Length", String(file.size));
  if (method === "HEAD") return new Response(null, { headers });
  const { readable } = await Deno.open(file.path);
  return new Response(readable, { headers });
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
    const path = await Deno.realPath(named);
    const { isFile, size } = await Deno.stat(path);
    const inside = path.startsWith(root.endsWith("/") ? root : `${root}/`) ||
      path.startsWith(`${root}\\`);
    return isFile && inside ? { path, size } : undefined;
  } catch {
    return undefined;
  }
}
