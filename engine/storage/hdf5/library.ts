/**
 * Loads h5wasm (the HDF5 library compiled to WebAssembly) on first use, and its compression plugins
 * only when a dataset needs one. Importing this module loads neither.
 *
 * On the threads of this package the library only writes. What others wrote it reads on a thread of
 * its own, see `library_client.ts`.
 * @module
 */
import { fileURLToPath } from "node:url";

/** The module namespace of `h5wasm/node`. */
export type H5wasm = typeof import("h5wasm/node");

/** h5wasm, ready to use. */
export interface Hdf5Library {
  /** Classes `File`, `Group`, `Dataset`. */
  readonly h5wasm: H5wasm;
  /** The compiled library's own functions and memory. */
  readonly module: Awaited<H5wasm["ready"]>;
}

/** What the library says where it gives itself up. */
const ENDED = /Aborted|memory access out of bounds|unreachable|table index is out/;

let library: Promise<Hdf5Library> | undefined;
let plugins: Promise<void> | undefined;
/** How many libraries have given themselves up. */
let ended = 0;

async function load(): Promise<Hdf5Library> {
  // Another address makes another instance.
  const h5wasm = ended === 0
    ? await import("h5wasm/node")
    : await import(`${import.meta.resolve("h5wasm/node")}?${ended}`) as H5wasm;
  const module = await h5wasm.ready;
  // Without this the library prints its error stack on stderr and only returns -1.
  module.activate_throwing_error_handler();
  return { h5wasm, module };
}

/**
 * Loads h5wasm; the second call gives the same library.
 *
 * @returns The library. Its errors are thrown as `Error`.
 *
 * @example Ask for a constant of the library
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const { module } = await loadHdf5Library();
 * assertEquals(module.H5F_ACC_RDONLY, 0);
 * ```
 */
export function loadHdf5Library(): Promise<Hdf5Library> {
  library ??= load();
  return library;
}

/**
 * Tells whether the library has given itself up. Where it has, the next one that is loaded is a
 * fresh one.
 *
 * @param error What it threw.
 * @returns Whether nothing more can be had of it.
 *
 * @example An error, and the end
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(hasEnded(new Error("unable to open file")), false);
 * assertEquals(hasEnded(new Error("Aborted(native code called abort())")), true);
 * ```
 */
export function hasEnded(error: unknown): boolean {
  if (!ENDED.test(String(error))) return false;
  ended++;
  [library, plugins] = [undefined, undefined];
  return true;
}

async function insertPlugins(): Promise<void> {
  const { module } = await loadHdf5Library();
  const { base_url }: { readonly base_url: string } = await import("h5wasm-plugins");
  module.insert_plugin_search_path(fileURLToPath(`${base_url}/plugins`), 0);
}

/**
 * Lets the library find the filters that it does not bring itself; calling it twice is fine.
 *
 * @example The library knows a folder of plugins then
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * const { module } = await loadHdf5Library();
 * await addFilterPlugins();
 * assertStringIncludes(module.get_plugin_search_paths()[0], "plugins");
 * ```
 */
export function addFilterPlugins(): Promise<void> {
  plugins ??= insertPlugins();
  return plugins;
}

/**
 * The most telling line of an error that the library threw.
 *
 * @param error What was thrown: HDF5's error stack as text.
 * @returns For example `"file has been truncated"`.
 *
 * @example The innermost reason
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const stack = "#000: H5D.c line 1 in H5Dread(): can't read data\n    minor: Read failed\n";
 * assertEquals(libraryReason(new Error(stack)), "can't read data");
 * ```
 */
export function libraryReason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const places = [...text.matchAll(/#\d+: .*?\(\): (.*)/g)];
  const kinds = [...text.matchAll(/minor: (.*)/g)];
  const lines = text.split("\n").filter((line) => !/^\s*(major|minor):/.test(line));
  const told = [places.at(-1)?.[1], kinds.at(-1)?.[1], ...lines].map((line) => line?.trim());
  return told.find((line) => line !== undefined && line !== "") ?? "it does not say why";
}
