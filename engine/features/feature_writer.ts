/**
 * Writing feature files: instances or bags of any size, block by block, so that memory is bounded by
 * a block. The file gets its name when it is finished.
 * @module
 */
import { writeFileSync } from "node:fs";
import type { File } from "h5wasm/node";
import { DataError } from "../errors.ts";
import { putInPlace, removeQuietly, temporaryPath, writeError } from "../storage/atomic.ts";
import { GrowingRows } from "./_growing_rows.ts";
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
  /** Type of the places of bags' instances; without it no places are stored. */
  readonly coords?: CoordsType;
}

/**
 * How the places of instances are stored.
 * @category Feature files
 */
export type CoordsType = "int32" | "int64" | "float32" | "float64";

/**
 * What is known of a bag besides its instances and its label.
 * @category Feature files
 */
export interface BagFacts {
  /** Its name; of all bags of the file, or of none. */
  readonly id?: string;
  /** Its patient; of all bags of the file, or of none. */
  readonly patient?: string;
  /** `[instances, 2]`: the places of its instances, where the file stores them. */
  readonly coords?: Float64Array;
}

type FullOptions =
  & Required<Omit<FeatureWriterOptions, "targets" | "coords">>
  & Pick<FeatureWriterOptions, "targets" | "coords">;

const CHUNK_BYTES = 65536;
/** Chunks that are written at once: one that is written in parts is compressed again for each. */
const BUFFERED_CHUNKS = 16;
/** Places a chunk. */
const COORDS_ROWS = 4096;

/** How places are stored: the type as the library calls it, and the values. */
const COORDS: Readonly<
  Record<CoordsType, readonly [dtype: string, of: (values: Float64Array) => ArrayBufferView]>
> = {
  int32: ["<i", (values) => Int32Array.from(values)],
  int64: ["<q", (values) => BigInt64Array.from(values as Iterable<number>, BigInt)],
  float32: ["<f", (values) => Float32Array.from(values)],
  float64: ["<d", (values) => values],
};

/**
 * Writes `features (N, D)` and `labels (N,)`, or `features (M, D)`, `labels (B,)` and
 * `bag_ptr (B+1,)`, to be read by this library and by h5py; and where they are known the texts
 * `sample_ids` and `patient_ids`, one per sample, and `coords (M, 2)`, the places of instances.
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
  readonly #file: File;
  readonly #options: FullOptions;
  readonly #features: GrowingRows<Float32Array>;
  readonly #coords?: GrowingRows<Float64Array>;
  readonly #labels: number[] = [];
  readonly #ids: string[] = [];
  readonly #patients: string[] = [];
  readonly #bagPointers: number[] = [0];
  #rows = 0;

  private constructor(
    path: string,
    temporary: string,
    library: Hdf5Library,
    options: FullOptions,
  ) {
    this.#path = path;
    this.#temporary = temporary;
    this.#options = options;
    this.#file = new library.h5wasm.File(temporary, "a");
    const { embedDim, precision, chunkRows, coords } = options;
    this.#features = new GrowingRows<Float32Array>(library, this.#file, {
      name: "features",
      rowSize: embedDim,
      buffer: new Float32Array(BUFFERED_CHUNKS * chunkRows * embedDim),
      stored: (values) => precision === 16 ? new Float16Array(values) : values,
    });
    if (coords === undefined) return;
    this.#createCoords(coords);
    this.#coords = new GrowingRows<Float64Array>(library, this.#file, {
      name: "coords",
      rowSize: 2,
      buffer: new Float64Array(BUFFERED_CHUNKS * COORDS_ROWS * 2),
      stored: COORDS[coords][1],
    });
  }

  /**
   * Starts a file under a temporary name beside its final one.
   * @param path Final name.
   * @param options What the file is to look like.
   * @throws {DataError} if the file cannot be made.
   */
  static async create(path: string, options: FeatureWriterOptions): Promise<FeatureWriter> {
    const { embedDim, precision = 16, compression = 4, targets, coords } = options;
    const rowBytes = embedDim * precision / 8;
    const chunkRows = options.chunkRows ?? Math.max(1, Math.round(CHUNK_BYTES / rowBytes));
    const full = { embedDim, precision, compression, chunkRows, targets, coords };
    const library = await loadHdf5Library();
    const temporary = temporaryPath(path);
    try {
      if (precision === 16) {
        writeFileSync(temporary, emptyFloat16File(embedDim, chunkRows, compression));
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
   * @param patients Patients of the rows; of all rows of the file, or of none.
   * @throws {TypeError} if the lengths do not fit.
   * @throws {DataError} if the file cannot be written; nothing is left of it.
   */
  append(
    features: Float32Array,
    labels: ArrayLike<number>,
    ids: readonly string[] = [],
    patients: readonly string[] = [],
  ): void {
    if (this.#bagPointers.length > 1) {
      throw new TypeError("Cannot append instances: the file has bags");
    }
    if (this.#coords) {
      throw new TypeError("Cannot append instances: the file stores coords of bags");
    }
    const rows = labels.length / (this.#options.targets ?? 1);
    this.#appendRows(features, rows);
    for (let i = 0; i < labels.length; i++) this.#labels.push(labels[i]);
    this.#name(this.#ids, ids, { rows, what: "names" });
    this.#name(this.#patients, patients, { rows, what: "patients" });
  }

  /**
   * Adds a bag.
   * @param features `[instances, embedDim]`, row-major, at least one instance.
   * @param label Label of the bag, a whole number, or its real-valued targets.
   * @param facts Its name, its patient, and the places of its instances.
   * @throws {TypeError} if the lengths do not fit.
   * @throws {DataError} if the file cannot be written; nothing is left of it.
   */
  appendBag(
    features: Float32Array,
    label: number | ArrayLike<number>,
    { id, patient, coords }: BagFacts = {},
  ): void {
    const { embedDim, targets = 1 } = this.#options;
    const bags = this.#bagPointers.length - 1;
    if (this.#labels.length !== bags * targets) {
      throw new TypeError("Cannot append a bag: the file has none");
    }
    const labels = typeof label === "number" ? [label] : Array.from(label);
    if (labels.length !== targets) {
      throw new TypeError(`Cannot append a bag with ${labels.length} labels: expected ${targets}`);
    }
    const rows = Math.max(1, Math.ceil(features.length / embedDim));
    if ((coords?.length ?? 0) !== (this.#coords ? rows * 2 : 0)) {
      const wanted = this.#coords ? rows * 2 : 0;
      throw new TypeError(
        `Cannot append ${coords?.length ?? 0} coords: ${rows} rows want ${wanted}`,
      );
    }
    this.#appendRows(features, rows);
    if (coords) this.#guard(() => this.#coords!.append(coords));
    this.#labels.push(...labels);
    this.#bagPointers.push(this.#rows);
    this.#name(this.#ids, id === undefined ? [] : [id], { rows: 1, what: "names" });
    const patients = patient === undefined ? [] : [patient];
    this.#name(this.#patients, patients, { rows: 1, what: "patients" });
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
      this.#features.flush();
      this.#coords?.flush();
      this.#writeLabels();
      this.#texts("sample_ids", this.#ids);
      this.#texts("patient_ids", this.#patients);
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

  #texts(name: string, data: string[]): void {
    if (data.length > 0) this.#file.create_dataset({ name, data, shape: [data.length] });
  }

  /** Keeps what samples are called, all of them or none. */
  #name(
    known: string[],
    added: readonly string[],
    { rows, what }: { readonly rows: number; readonly what: string },
  ): void {
    for (const each of added) known.push(each);
    const samples = this.#labels.length / (this.#options.targets ?? 1);
    if (known.length === 0 || known.length === samples) return;
    throw new TypeError(`Cannot append ${added.length} ${what}: there are ${rows} rows`);
  }

  #createCoords(type: CoordsType): void {
    const { compression } = this.#options;
    const [dtype, stored] = COORDS[type];
    this.#file.create_dataset({
      name: "coords",
      data: stored(new Float64Array(0)) as Float64Array,
      shape: [0, 2],
      maxshape: [null, 2],
      chunks: [COORDS_ROWS, 2],
      dtype,
      ...(compression > 0 && { compression: "gzip", compression_opts: [compression] }),
    });
  }

  #appendRows(features: Float32Array, rows: number): void {
    const { embedDim } = this.#options;
    if (features.length !== rows * embedDim) {
      throw new TypeError(
        `Cannot append ${features.length} values: ${rows} rows want ${rows * embedDim}`,
      );
    }
    this.#rows += rows;
    this.#guard(() => this.#features.append(features));
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
