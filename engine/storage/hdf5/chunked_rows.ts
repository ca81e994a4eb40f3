/**
 * Rows of a dataset that lies in chunks, each of which is decoded as a whole.
 * @module
 */
import { sizeOf } from "../../ir/dims.ts";
import type { FileReader } from "../file_reader.ts";
import type { ChunkTable } from "./chunk_table.ts";
import { DamagedChunk, undoFilters } from "./filters.ts";
import type { Filter } from "./layout.ts";
import { type Hdf5Header, type Hdf5Rows, rowError } from "./rows.ts";

/** Decoded chunks of several rows that are kept, because other rows of them come soon. */
const CACHE_BYTES = 64 << 20;

/** Repeats the bytes of one element. */
export function filled(length: number, fill: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  if (fill.every((byte) => byte === 0)) return bytes;
  for (let at = 0; at < length; at += fill.length) bytes.set(fill, at);
  return bytes;
}

/** What chunked rows need besides their file. */
export interface ChunkedOptions {
  /** The dataset. */
  readonly header: Pick<Hdf5Header, "file" | "name" | "shape">;
  /** Bytes of an element. */
  readonly elementSize: number;
  /** Dimensions of a chunk. */
  readonly chunk: readonly number[];
  /** What chunks went through. */
  readonly filters: readonly Filter[];
  /** Where they lie. */
  readonly table: ChunkTable;
  /** What stands for an element that was never written. */
  readonly fill: Uint8Array;
}

/** Rows in chunks. */
export class ChunkedRows implements Hdf5Rows {
  readonly chunkRows: number;
  readonly gapBytes = 0;
  readonly #file: FileReader;
  readonly #options: ChunkedOptions;
  readonly #chunkBytes: number;
  readonly #rowBytes: number;
  /** Chunks side by side in a row. */
  readonly #perRow: number;
  /** Whether rows are whole and as they are, so that they need not go through a chunk. */
  readonly #plain: boolean;
  readonly #cache = new Map<number, Uint8Array>();
  #packed = new Uint8Array(0);

  /**
   * @param file The file that holds the chunks.
   * @param options The dataset and its chunks.
   */
  constructor(file: FileReader, options: ChunkedOptions) {
    const { header, elementSize, chunk, table } = options;
    this.#file = file;
    this.#options = options;
    this.chunkRows = chunk[0]!;
    this.#chunkBytes = sizeOf(chunk) * elementSize;
    this.#rowBytes = sizeOf(header.shape.slice(1)) * elementSize;
    this.#perRow = sizeOf(table.grid.slice(1));
    const whole = this.#chunkBytes === this.chunkRows * this.#rowBytes;
    this.#plain = options.filters.length === 0 && this.#perRow === 1 && whole;
  }

  /** Reads rows; see {@linkcode Hdf5Rows}. */
  read(start: number, count: number, target: Uint8Array): void {
    const end = start + count;
    const { positions } = this.#options.table;
    for (let band = Math.floor(start / this.chunkRows); band * this.chunkRows < end; band++) {
      const first = Math.max(start, band * this.chunkRows);
      const last = Math.min(end, (band + 1) * this.chunkRows);
      const rows = target.subarray(
        (first - start) * this.#rowBytes,
        (last - start) * this.#rowBytes,
      );
      for (let i = 0; i < this.#perRow; i++) {
        const place = band * this.#perRow + i;
        const skip = first - band * this.chunkRows;
        if (positions[place]! < 0) this.#copy(undefined, place, skip, rows);
        else if (this.#plain) {
          this.#file.readInto(positions[place]! + skip * this.#rowBytes, rows);
        } else this.#copy(this.#chunk(place, first, last - first), place, skip, rows);
      }
    }
  }

  /** Forgets the chunks that are kept; the file stays open. */
  close(): void {
    this.#cache.clear();
  }

  /**
   * Copies the rows from `skip` on of a chunk, or the fill value where there is no chunk, to where
   * its columns belong in `rows`.
   */
  #copy(chunk: Uint8Array | undefined, place: number, skip: number, rows: Uint8Array): void {
    const { fill } = this.#options;
    const chunkRowBytes = this.#chunkBytes / this.chunkRows;
    if (chunkRowBytes === this.#rowBytes) {
      const at = skip * this.#rowBytes;
      rows.set(chunk ? chunk.subarray(at, at + rows.length) : filled(rows.length, fill));
      return;
    }
    for (const { from, to, length } of this.#pieces(place)) {
      const empty = chunk ? undefined : filled(length, fill);
      for (let row = 0; row * this.#rowBytes < rows.length; row++) {
        const at = (skip + row) * chunkRowBytes + from;
        rows.set(empty ?? chunk!.subarray(at, at + length), row * this.#rowBytes + to);
      }
    }
  }

  /** The unbroken pieces of a chunk's row: where in the chunk, where in the dataset's row. */
  *#pieces(place: number): Generator<{ from: number; to: number; length: number }> {
    const { header, chunk, table, elementSize } = this.#options;
    const shape = header.shape.slice(1);
    const size = chunk.slice(1);
    const origin: number[] = [];
    let rest = place % this.#perRow;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      origin.unshift((rest % table.grid[axis + 1]!) * size[axis]!);
      rest = Math.floor(rest / table.grid[axis + 1]!);
    }
    const inner = shape.length - 1;
    const length = Math.min(size[inner]!, shape[inner]! - origin[inner]!) * elementSize;
    const lines = sizeOf(size.slice(0, -1));
    for (let line = 0; line < lines; line++) {
      let [offset, stride, left, inside] = [origin[inner]!, shape[inner]!, line, true];
      for (let axis = inner - 1; axis >= 0; axis--) {
        const index = origin[axis]! + left % size[axis]!;
        left = Math.floor(left / size[axis]!);
        inside &&= index < shape[axis]!;
        offset += index * stride;
        stride *= shape[axis]!;
      }
      if (inside) {
        yield { from: line * size[inner]! * elementSize, to: offset * elementSize, length };
      }
    }
  }

  #chunk(place: number, first: number, count: number): Uint8Array {
    const cached = this.#cache.get(place);
    if (cached) {
      this.#cache.delete(place);
      this.#cache.set(place, cached);
      return cached;
    }
    const { table, filters, header } = this.#options;
    const size = table.sizes[place]!;
    if (this.#packed.length < size) this.#packed = new Uint8Array(size);
    const packed = this.#packed.subarray(0, size);
    this.#file.readInto(table.positions[place]!, packed);
    try {
      const mask = table.masks[place]!;
      const chunk = undoFilters(packed, { filters, mask, expected: this.#chunkBytes });
      if (this.chunkRows > 1) {
        // Without gzip the chunk still lies in the buffer that the next one will fill.
        this.#keep(place, chunk.buffer === packed.buffer ? chunk.slice() : chunk);
      }
      return chunk;
    } catch (error) {
      if (!(error instanceof DamagedChunk)) throw error;
      throw rowError(header, [first, count], { state: error.message, cause: error.cause });
    }
  }

  #keep(place: number, chunk: Uint8Array): void {
    this.#cache.set(place, chunk);
    const most = Math.max(1, Math.floor(CACHE_BYTES / this.#chunkBytes));
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size <= most) break;
      this.#cache.delete(oldest);
    }
  }
}
