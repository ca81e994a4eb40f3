/**
 * Writing feature files: instances or bags of any size, block by block, so that memory is bounded by
 * a block. The file gets its name when it is finished.
 * @module
 */
import type { Dataset, File } from "h5wasm/node";
import { DataError } from "../errors.ts";
import { putInPlace, removeQuietly, temporaryPath, writeError } from "../storage/atomic.ts";
import { emptyFloat16File } from "./float16_template.ts";
import {
  hasEnded,
  type Hdf5Library,
  libraryReason,
  loadHdf5Library,
} from "../storage/hdf5/library.ts";

/**
 * What a feature file is to look like.
 * @category Feature files
 */
export interface FeatureWriterOptions {
  /** Values a row. */
  readonly embedDim: number;
  /** Bits of a stored float. @default {16} */
  readonly precision?: 16 | 32;
  /** gzip level, 0 for none. @default {4} */
  readonly compression?: number;
  /** Rows a chunk: a reader decodes whole chunks. @default {about 64 KiB} */
  readonly chunkRows?: number;
  /** Real-valued targets per sample, stored as float32; without it labels are whole numbers. */
  readonly targets?: number;
}

type FullOptions = Required<Omit<FeatureWriterOptions, "targets">> & { readonly targets?: number };

const CHUNK_BYTES = 65536;
/** Chunks that are written at once: one that is written in parts is compressed again for each. */
const BUFFERED_CHUNKS = 16;

/**
 * Writes `features (N, D)` and `labels (N,)`, or `features (M, D)`, `labels (B,)` and
 * `bag_ptr (B+1,)`, to be read by this library and by h5py; and `sample_ids (N,)`, texts, where
 * samples have names.
 *
 * @example Two rows
 * ```ts
 * import { FeatureWriter, openFeatureFile } from "@glovita/glovita/features";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${Deno.makeTempDirSync()}/features.h5`;
 * const writer = await FeatureWriter.create(path, { embedDim: 3 });
 * writer.append(Float32Array.of(1, 2, 3, 4, 5, 6), [0, 1]);
 * writer.close();
 * assertEquals((await openFeatureFile(path)).length, 2);
 * ```
 *
 * @category Feature files
 */
export class FeatureWriter {
  readonly #path: string;
  readonly #temporary: string;
  readonly #library: Hdf5Library;
  readonly #file: File;
  readonly #options: FullOptions;
  readonly #labels: number[] = [];
  readonly #ids: string[] = [];
  readonly #bagPointers: number[] = [0];
  /** Rows that are not written yet. */
  readonly #buffer: Float32Array;
  #buffered = 0;
  #rows = 0;
  #written = 0;

  private constructor(
    path: string,
    temporary: string,
    library: Hdf5Library,
    options: FullOptions,
  ) {
    this.#path = path;
    this.#temporary = temporary;
    this.#library = library;
    this.#options = options;
    this.#file = new library.h5wasm.File(temporary, "a");
    this.#buffer = new Float32Array(BUFFERED_CHUNKS * options.chunkRows * options.embedDim);
  }

  /**
   * Starts a file under a temporary name beside its final one.
   * @param path Final name.
   * @param options What the file is to look like.
   * @throws {DataError} if the file cannot be made.
   */
  static async create(path: string, options: FeatureWriterOptions): Promise<FeatureWriter> {
    const { embedDim, precision = 16, compression = 4, targets } = options;
    const rowBytes = embedDim * precision / 8;
    const chunkRows = options.chunkRows ?? Math.max(1, Math.round(CHUNK_BYTES / rowBytes));
    const full = { embedDim, precision, compression, chunkRows, targets };
    const library = await loadHdf5Library();
    const temporary = temporaryPath(path);
    try {
      if (precision === 16) {
        Deno.writeFileSync(temporary, emptyFloat16File(embedDim, chunkRows, compression));
      } else {
        createFloat32(library, temporary, full);
      }
      return new FeatureWriter(path, temporary, library, full);
    } catch (error) {
      removeQuietly(temporary);
      throw failureOf(error, path);
    }
  }

  /**
   * Adds instances that are samples of their own.
   * @param features `[rows, embedDim]`, row-major.
   * @param labels One whole number per row, or `[rows, targets]` real values.
   * @param ids Names of the rows; of all rows of the file, or of none.
   * @throws {TypeError} if the lengths do not fit.
   * @throws {DataError} if the file cannot be written; nothing is left of it.
   */
  append(features: Float32Array, labels: ArrayLike<number>, ids: readonly string[] = []): void {
    if (this.#bagPointers.length > 1) {
      throw new TypeError("Cannot append instances: the file has bags");
    }
    const rows = labels.length / (this.#options.targets ?? 1);
    this.#appendRows(features, rows);
    for (let i = 0; i < labels.length; i++) this.#labels.push(labels[i]);
    for (const id of ids) this.#ids.push(id);
    if (this.#ids.length !== 0 && this.#ids.length !== this.#rows) {
      throw new TypeError(`Cannot append ${ids.length} names: there are ${rows} rows`);
    }
  }

  /**
   * Adds a bag.
   * @param features `[instances, embedDim]`, row-major, at least one instance.
   * @param label Label of the bag, a whole number.
   * @throws {TypeError} if the length does not fit.
   * @throws {DataError} if the file cannot be written; nothing is left of it.
   */
  appendBag(features: Float32Array, label: number): void {
    const bags = this.#bagPointers.length - 1;
    if (this.#labels.length !== bags) throw new TypeError("Cannot append a bag: the file has none");
    this.#appendRows(features, Math.max(1, Math.ceil(features.length / this.#options.embedDim)));
    this.#labels.push(label);
    this.#bagPointers.push(this.#rows);
  }

  /**
   * Adds an attribute to the file.
   * @param name Name.
   * @param value A text or a number.
   * @throws {DataError} if the file cannot be written; nothing is left of it.
   */
  attribute(name: string, value: string | number): void {
    this.#guard(() => this.#file.create_attribute(name, value));
  }

  /**
   * Writes the labels and gives the file its name.
   * @throws {DataError} if the file cannot be written; nothing is left of it.
   */
  close(): void {
    this.#guard(() => {
      this.#flush();
      this.#writeLabels();
      if (this.#ids.length > 0) {
        const shape = [this.#ids.length];
        this.#file.create_dataset({ name: "sample_ids", data: this.#ids, shape });
      }
      if (this.#bagPointers.length > 1) this.#vector("bag_ptr", this.#bagPointers);
      this.#file.close();
      putInPlace(this.#temporary, this.#path);
    });
  }

  /** Gives the file up. */
  discard(): void {
    try {
      this.#file.close();
    } catch {
      // It cannot be written to its end, and need not be.
    }
    removeQuietly(this.#temporary);
  }

  /** Does what writes; where that fails, gives the file up and says why. */
  #guard(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.discard();
      throw failureOf(error, this.#path);
    }
  }

  #writeLabels(): void {
    const { targets } = this.#options;
    if (targets === undefined) return this.#vector("labels", this.#labels);
    const data = Float32Array.from(this.#labels);
    const samples = data.length / targets;
    const shape = targets === 1 ? [samples] : [samples, targets];
    this.#file.create_dataset({ name: "labels", data, shape });
  }

  #vector(name: string, values: readonly number[]): void {
    const data = BigInt64Array.from(values, BigInt);
    this.#file.create_dataset({ name, data, shape: [data.length] });
  }

  #appendRows(features: Float32Array, rows: number): void {
    const { embedDim } = this.#options;
    if (features.length !== rows * embedDim) {
      throw new TypeError(
        `Cannot append ${features.length} values: ${rows} rows want ${rows * embedDim}`,
      );
    }
    this.#rows += rows;
    for (let at = 0; at < features.length;) {
      const part = features.subarray(at, at + this.#buffer.length - this.#buffered);
      this.#buffer.set(part, this.#buffered);
      this.#buffered += part.length;
      at += part.length;
      if (this.#buffered === this.#buffer.length) this.#guard(() => this.#flush());
    }
  }

  /** Writes what is buffered: whole chunks, but for the end of the file. */
  #flush(): void {
    const { embedDim, precision } = this.#options;
    const values = this.#buffer.subarray(0, this.#buffered);
    const rows = values.length / embedDim;
    if (rows === 0) return;
    const dataset = this.#file.get("features") as Dataset;
    dataset.resize([this.#written + rows, embedDim]);
    this.#write(precision === 16 ? new Float16Array(values) : values, rows);
    this.#written += rows;
    this.#buffered = 0;
  }

  #write(values: Float32Array | Float16Array, rows: number): void {
    const { module } = this.#library;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const pointer = module._malloc(bytes.length);
    try {
      module.HEAPU8.set(bytes, pointer);
      module.set_dataset_data(
        this.#file.file_id,
        "features",
        [BigInt(rows), BigInt(this.#options.embedDim)],
        [BigInt(this.#written), 0n],
        [1n, 1n],
        BigInt(pointer),
      );
    } finally {
      module._free(pointer);
    }
  }
}

/** What the library says where it fails. */
const LIBRARY = /HDF5-DIAG|H5[A-Z]+\.c/;

/** What to say of a failed write: the library gives the trace of a stack, the cause within it. */
function failureOf(error: unknown, path: string): unknown {
  const [, reason] = /error message = '([^']*)'/.exec(String(error)) ?? [];
  const ofLibrary = hasEnded(error) || LIBRARY.test(String(error));
  const told = reason ?? (ofLibrary ? libraryReason(error) : undefined);
  if (told === undefined) return writeError(error, path);
  const state = /no space|quota/i.test(told) ? "the disk is full" : told;
  return new DataError(`Cannot write "${path}": ${state}`, { file: path, cause: error });
}

function createFloat32(
  { h5wasm }: Hdf5Library,
  path: string,
  { embedDim, chunkRows, compression }: FullOptions,
): void {
  const file = new h5wasm.File(path, "w");
  file.create_dataset({
    name: "features",
    data: new Float32Array(0),
    shape: [0, embedDim],
    maxshape: [null, embedDim],
    chunks: [chunkRows, embedDim],
    dtype: "<f",
    ...(compression > 0 && { compression: "gzip", compression_opts: [compression] }),
  });
  file.close();
}
