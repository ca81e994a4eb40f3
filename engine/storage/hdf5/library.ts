/**
 * Loads h5wasm (the HDF5 library compiled to WebAssembly) on first use, and its compression plugins
 * only when a dataset needs one. Importing this module loads neither.
 * @module
 */
import { fileURLToPath } from "node:url";
import { firstLine } from "../../first_line.ts";

/** The module namespace of `h5wasm/node`. */
export type H5wasm = typeof import("h5wasm/node");

/** h5wasm, ready to use. */
export interface Hdf5Library {
  /** Classes `File`, `Group`, `Dataset`. */
  readonly h5wasm: H5wasm;
  /** The compiled library's own functions and memory. */
  readonly module: Awaited<H5wasm["ready"]>;
}

/** Filters that h5wasm brings with it, by HDF5's registered number. */
const BUILT_IN_FILTERS: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6]);

/** Filters that `h5wasm-plugins` brings. */
const PLUGIN_FILTERS: ReadonlySet<number> = new Set([
  307, // bzip2
  32000, // lzf
  32001, // blosc
  32004, // lz4
  32008, // bitshuffle
  32013, // zfp
  32015, // zstd
  32019, // jpeg
  32022, // bit groom
  32023, // bit round
  32026, // blosc2
]);

let library: Promise<Hdf5Library> | undefined;
let plugins: Promise<void> | undefined;

async function load(): Promise<Hdf5Library> {
  const h5wasm = await import("h5wasm/node");
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

async function insertPlugins(): Promise<void> {
  const { module } = await loadHdf5Library();
  const { base_url }: { readonly base_url: string } = await import("h5wasm-plugins");
  module.insert_plugin_search_path(fileURLToPath(`${base_url}/plugins`), 0);
}

/**
 * Makes sure that the library can undo `filters`.
 *
 * @param filters Registered numbers of a dataset's filters.
 * @returns The first filter for which there is no plugin, or `undefined` if all can be undone.
 *
 * @example gzip is built in, filter 40000 is unknown
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(await prepareFilters([1]), undefined);
 * assertEquals(await prepareFilters([1, 40000]), 40000);
 * ```
 */
export async function prepareFilters(filters: readonly number[]): Promise<number | undefined> {
  const foreign = filters.filter((id) => !BUILT_IN_FILTERS.has(id));
  const unknown = foreign.find((id) => !PLUGIN_FILTERS.has(id));
  if (unknown !== undefined) return unknown;
  if (foreign.length > 0) {
    plugins ??= insertPlugins();
    await plugins;
  }
  return undefined;
}

/**
 * The most specific line of an error that the library threw.
 *
 * @param error What was thrown: HDF5's error stack as text.
 * @returns For example `"File has been truncated"`.
 *
 * @example The innermost reason
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(libraryReason(new Error("#000: x\n    minor: Read failed\n")), "Read failed");
 * ```
 */
export function libraryReason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const reasons = [...text.matchAll(/minor: (.*)/g)];
  return reasons.at(-1)?.[1].trim() ?? firstLine(error);
}
