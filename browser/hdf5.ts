/**
 * HDF5 files that a user drops: h5wasm mounts them, so that only what is asked for is read. It runs on
 * a worker, as only workers read files without waiting.
 * @module
 */
import type * as h5wasmModule from "h5wasm";
import type { Hdf5Attribute } from "../engine/storage/hdf5/attributes.ts";
import { converter, type NumberFormat } from "../engine/storage/number_format.ts";

type H5wasm = typeof h5wasmModule;
type Library = Awaited<H5wasm["ready"]>;

/** An error of a file, in the words of the command line. */
export function readError(file: string, state: string): Error {
  return new Error(`Cannot read "${file}": ${state}`);
}

/** Numbers of a file. */
export interface NumberSet {
  /** Dimensions. */
  readonly shape: readonly number[];
  /** Type as NumPy names it. */
  readonly dtype: string;
}

let loading: Promise<{ readonly h5wasm: H5wasm; readonly library: Library }> | undefined;
let mounted = 0;

async function load() {
  const h5wasm: H5wasm = await import(new URL("runtime/hdf5_hl.js", import.meta.url).href);
  const library = await h5wasm.ready;
  // Without this the library prints its errors on the console.
  library.activate_throwing_error_handler();
  return { h5wasm, library };
}

/** A file, open as long as the page. */
export class Hdf5 {
  readonly #library: Library;
  readonly #file: h5wasmModule.File;
  /** Its name. */
  readonly name: string;

  private constructor(library: Library, file: h5wasmModule.File, name: string) {
    this.#library = library;
    this.#file = file;
    this.name = name;
  }

  /**
   * Opens a file.
   * @param file The file.
   * @throws {Error} if it is not HDF5.
   */
  static async open(file: File): Promise<Hdf5> {
    const { h5wasm, library } = await (loading ??= load());
    const { FS } = library;
    const folder = `/file_${mounted++}`;
    FS.mkdir(folder);
    const systems = FS.filesystems as Record<string, Parameters<typeof FS.mount>[0]>;
    FS.mount(systems.WORKERFS, { blobs: [{ name: "file.h5", data: file }] }, folder);
    try {
      return new Hdf5(library, new h5wasm.File(`${folder}/file.h5`, "r"), file.name);
    } catch {
      throw readError(file.name, "it is not an HDF5 file, or damaged");
    }
  }

  /**
   * Describes a dataset of numbers.
   * @param name Its name.
   * @returns `undefined` where there is none.
   */
  numbers(name: string): NumberSet | undefined {
    const found = this.#file.get(name);
    if (found === null || !("metadata" in found)) return undefined;
    const { shape } = found.metadata;
    if (shape === null) throw readError(this.name, `dataset "${name}" is empty`);
    const { kind, size } = this.#formatOf(name);
    return { shape, dtype: `${kind}${8 * size}` };
  }

  /**
   * Reads rows of a dataset: what lies at indices of its first dimension.
   * @param name The dataset.
   * @param start The first.
   * @param count How many.
   * @param target Takes the numbers.
   */
  readRows(
    name: string,
    [start, count]: readonly [number, number],
    target: Float32Array | Float64Array,
  ): void {
    const { shape } = this.numbers(name)!;
    const convert = converter(this.#formatOf(name));
    const bytes = this.#bytes(name, [count, ...shape.slice(1)], [start, ...shape.slice(1).fill(0)]);
    convert(bytes, target, 0);
  }

  /**
   * Reads a dataset whole.
   * @param name The dataset.
   */
  readAll(name: string): Float64Array {
    const { shape } = this.numbers(name)!;
    const all = new Float64Array(shape.reduce((a, b) => a * b, 1));
    if (all.length > 0) this.readRows(name, [0, shape[0]], all);
    return all;
  }

  /**
   * Reads a dataset of texts.
   * @param name The dataset.
   * @returns `undefined` where there is none.
   */
  texts(name: string): readonly string[] | undefined {
    const found = this.#file.get(name);
    if (found === null || !("metadata" in found)) return undefined;
    const { value } = found as h5wasmModule.Dataset;
    return Array.isArray(value) ? value.map(String) : undefined;
  }

  /**
   * Attributes of the file and of some of its datasets; of equal names the last one's count.
   * @param names The datasets.
   */
  attributes(...names: readonly string[]): ReadonlyMap<string, Hdf5Attribute> {
    const objects = [this.#file, ...names.map((name) => this.#file.get(name))];
    const all = new Map<string, Hdf5Attribute>();
    for (const object of objects) {
      if (object === null || !("attrs" in object)) continue;
      for (const [name, attribute] of Object.entries(object.attrs)) {
        const value = valueOf(attribute);
        if (value !== undefined) all.set(name, value);
      }
    }
    return all;
  }

  #formatOf(name: string): NumberFormat {
    const { type, size, signed } = (this.#file.get(name) as h5wasmModule.Dataset).metadata;
    const { H5T_FLOAT, H5T_INTEGER } = this.#library.H5T_class_t;
    const kind = type === H5T_FLOAT.value ? "float" : signed ? "signed" : "unsigned";
    const known = type === H5T_FLOAT.value || type === H5T_INTEGER.value;
    if (known && (size === 1 || size === 2 || size === 4 || size === 8)) {
      // The library gives numbers in WebAssembly's order of bytes, whatever the file's is.
      return { kind, size, littleEndian: true };
    }
    throw readError(this.name, `dataset "${name}" does not hold numbers`);
  }

  #bytes(name: string, counts: readonly number[], offsets: readonly number[]): Uint8Array {
    const library = this.#library;
    const size = counts.reduce((a, b) => a * b, 1) * this.#formatOf(name).size;
    const place = library._malloc(size);
    try {
      library.get_dataset_data(
        ...[this.#file.file_id, `/${name}`] as const,
        ...[counts.map(BigInt), offsets.map(BigInt), counts.map(() => 1n)] as const,
        BigInt(place),
      );
      return library.HEAPU8.slice(place, place + size);
    } catch (error) {
      const packed = /plugin/i.test(String(error));
      const state = packed ? "is compressed in a way that browsers do not read" : "is damaged";
      throw readError(this.name, `dataset "${name}" ${state}`);
    } finally {
      library._free(place);
    }
  }
}

/** The value of an attribute; kinds that the library does not know say nothing of tiles, either. */
function valueOf(attribute: h5wasmModule.Attribute): Hdf5Attribute | undefined {
  try {
    return plain(attribute.json_value);
  } catch {
    return undefined;
  }
}

/** A text, a number, or a list of them. */
function plain(value: unknown): Hdf5Attribute | undefined {
  if (typeof value === "string" || typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (!Array.isArray(value)) return undefined;
  const flat = value.flat().map((one) => typeof one === "bigint" ? Number(one) : one);
  if (flat.length === 1) return plain(flat[0]);
  return flat.every((one) => typeof one === "number") ||
      flat.every((one) => typeof one === "string")
    ? flat as Hdf5Attribute
    : undefined;
}
