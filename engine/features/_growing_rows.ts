/**
 * A growable dataset of an HDF5 file that is being written: rows are kept until whole chunks can be
 * written.
 * @module
 */
import type { Dataset, File } from "h5wasm/node";
import type { Hdf5Library } from "../storage/hdf5/library.ts";

/** A dataset, and how its rows are kept and stored. */
export interface GrowingRowsOptions<T extends Float32Array | Float64Array> {
  /** Its name; it has no rows yet. */
  readonly name: string;
  /** Values a row. */
  readonly rowSize: number;
  /** Takes the rows that are not written yet: some whole chunks. */
  readonly buffer: T;
  /** Values as they are stored. */
  readonly stored: (values: T) => ArrayBufferView;
}

/** Appends rows to a dataset. */
export class GrowingRows<T extends Float32Array | Float64Array> {
  readonly #library: Hdf5Library;
  readonly #file: File;
  readonly #options: GrowingRowsOptions<T>;
  #buffered = 0;
  #written = 0;

  /**
   * @param library The library.
   * @param file The file, open for writing.
   * @param options Its dataset.
   */
  constructor(library: Hdf5Library, file: File, options: GrowingRowsOptions<T>) {
    this.#library = library;
    this.#file = file;
    this.#options = options;
  }

  /**
   * Adds whole rows.
   * @param values Row-major.
   * @throws {Error} if the library cannot write.
   */
  append(values: T): void {
    const { buffer } = this.#options;
    for (let at = 0; at < values.length;) {
      const part = values.subarray(at, at + buffer.length - this.#buffered);
      buffer.set(part, this.#buffered);
      this.#buffered += part.length;
      at += part.length;
      if (this.#buffered === buffer.length) this.flush();
    }
  }

  /**
   * Writes what is buffered: whole chunks, but for the end of the file.
   * @throws {Error} if the library cannot write.
   */
  flush(): void {
    const { name, rowSize, buffer, stored } = this.#options;
    const values = buffer.subarray(0, this.#buffered) as T;
    const rows = values.length / rowSize;
    if (rows === 0) return;
    const dataset = this.#file.get(name) as Dataset;
    dataset.resize([this.#written + rows, rowSize]);
    this.#write(stored(values), rows);
    this.#written += rows;
    this.#buffered = 0;
  }

  #write({ buffer, byteOffset, byteLength }: ArrayBufferView, rows: number): void {
    const { name, rowSize } = this.#options;
    const { module } = this.#library;
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    const pointer = module._malloc(bytes.length);
    try {
      module.HEAPU8.set(bytes, pointer);
      module.set_dataset_data(
        this.#file.file_id,
        name,
        [BigInt(rows), BigInt(rowSize)],
        [BigInt(this.#written), 0n],
        [1n, 1n],
        BigInt(pointer),
      );
    } finally {
      module._free(pointer);
    }
  }
}
