/**
 * Reads rows of a dataset straight from the file, without the HDF5 library, where the dataset is
 * contiguous or its chunks went through gzip, shuffle and checksum only. What is not known here is
 * left to the library; what is damaged is an error.
 * @module
 */
import { DataError } from "../../errors.ts";
import { sizeOf as product } from "../../ir/dims.ts";
import { FileReader } from "../file_reader.ts";
import { type ChunkTable, findChunks } from "./chunks.ts";
import { Blocks, UnknownStructure } from "./cursor.ts";
import { canUndo, DamagedChunk, undoFilters } from "./filters.ts";
import { type Filter, readFilters, readFormat, readLayout, readShape } from "./layout.ts";
import { readObject } from "./objects.ts";
import { type Hdf5Header, type Hdf5Rows, rowError } from "./rows.ts";
import { readSuperblock } from "./superblock.ts";
import type { NumberFormat } from "../number_format.ts";

/** Reading this many bytes costs about as much as asking for the next place. */
const GAP_BYTES = 16 << 10;
/** Decoded chunks of several rows that are kept, because other rows of them come soon. */
const CACHE_BYTES = 64 << 20;

/** Rows that lie in the file one after the other, as they are. */
class ContiguousRows implements Hdf5Rows {
  readonly chunkRows = 1;
  readonly gapBytes = GAP_BYTES;
  readonly #file: FileReader;
  readonly #position: number;
  readonly #rowBytes: number;

  constructor(
    file: FileReader,
    position: number,
    header: Hdf5Header,
    readonly format: NumberFormat,
  ) {
    this.#file = file;
    this.#position = position;
    this.#rowBytes = product(header.shape.slice(1)) * format.size;
  }

  read(start: number, _count: number, target: Uint8Array): void {
    this.#file.readInto(this.#position + start * this.#rowBytes, target);
  }

  close(): void {
    this.#file.close();
  }
}

/** What chunked rows need besides their file. */
interface ChunkedOptions {
  readonly header: Hdf5Header;
  readonly format: NumberFormat;
  readonly chunk: readonly number[];
  readonly filters: readonly Filter[];
  readonly table: ChunkTable;
}

/** Rows in chunks. A chunk with filters is decoded as a whole. */
class ChunkedRows implements Hdf5Rows {
  readonly chunkRows: number;
  readonly gapBytes = 0;
  readonly format: NumberFormat;
  readonly #file: FileReader;
  readonly #options: ChunkedOptions;
  readonly #chunkBytes: number;
  readonly #rowBytes: number;
  readonly #perRow: number;
  /** Whether a chunk's rows lie in the file as they are, so that it need not be read as a whole. */
  readonly #plain: boolean;
  readonly #cache = new Map<number, Uint8Array>();
  #packed: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  constructor(file: FileReader, options: ChunkedOptions) {
    const { header, format, chunk, table } = options;
    this.#file = file;
    this.#options = options;
    this.format = format;
    this.chunkRows = chunk[0];
    this.#chunkBytes = product(chunk) * format.size;
    this.#rowBytes = product(header.shape.slice(1)) * format.size;
    this.#perRow = product(table.grid.slice(1));
    const whole = this.#chunkBytes === this.chunkRows * this.#rowBytes;
    this.#plain = options.filters.length === 0 && this.#perRow === 1 && whole;
  }

  read(start: number, count: number, target: Uint8Array): void {
    const end = start + count;
    for (let band = Math.floor(start / this.chunkRows); band * this.chunkRows < end; band++) {
      const first = Math.max(start, band * this.chunkRows);
      const last = Math.min(end, (band + 1) * this.chunkRows);
      const rows = target.subarray(
        (first - start) * this.#rowBytes,
        (last - start) * this.#rowBytes,
      );
      if (this.#plain) {
        const skipped = (first - band * this.chunkRows) * this.#rowBytes;
        this.#file.readInto(this.#options.table.positions[band] + skipped, rows);
        continue;
      }
      for (let i = 0; i < this.#perRow; i++) {
        const place = band * this.#perRow + i;
        const chunk = this.#chunk(place, first, last - first);
        this.#copy(chunk, place, first - band * this.chunkRows, rows);
      }
    }
  }

  close(): void {
    this.#cache.clear();
    this.#file.close();
  }

  /** Copies the rows from `skip` on of a chunk to where its columns belong in `rows`. */
  #copy(chunk: Uint8Array, place: number, skip: number, rows: Uint8Array): void {
    const chunkRowBytes = this.#chunkBytes / this.chunkRows;
    if (chunkRowBytes === this.#rowBytes) {
      rows.set(chunk.subarray(skip * this.#rowBytes, skip * this.#rowBytes + rows.length));
      return;
    }
    for (const { from, to, length } of this.#pieces(place)) {
      for (let row = 0; row * this.#rowBytes < rows.length; row++) {
        const at = (skip + row) * chunkRowBytes + from;
        rows.set(chunk.subarray(at, at + length), row * this.#rowBytes + to);
      }
    }
  }

  /** The unbroken pieces of a chunk's row: where in the chunk, where in the dataset's row. */
  *#pieces(place: number): Generator<{ from: number; to: number; length: number }> {
    const { header, chunk, table, format } = this.#options;
    const shape = header.shape.slice(1);
    const size = chunk.slice(1);
    const origin: number[] = [];
    let rest = place % this.#perRow;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      origin.unshift((rest % table.grid[axis + 1]) * size[axis]);
      rest = Math.floor(rest / table.grid[axis + 1]);
    }
    const inner = shape.length - 1;
    const length = Math.min(size[inner], shape[inner] - origin[inner]) * format.size;
    const lines = product(size.slice(0, -1));
    for (let line = 0; line < lines; line++) {
      let [offset, stride, left, inside] = [origin[inner], shape[inner], line, true];
      for (let axis = inner - 1; axis >= 0; axis--) {
        const index = origin[axis] + left % size[axis];
        left = Math.floor(left / size[axis]);
        inside &&= index < shape[axis];
        offset += index * stride;
        stride *= shape[axis];
      }
      if (inside) {
        yield { from: line * size[inner] * format.size, to: offset * format.size, length };
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
    const size = table.sizes[place];
    if (this.#packed.length < size) this.#packed = new Uint8Array(size);
    const packed = this.#packed.subarray(0, size);
    this.#file.readInto(table.positions[place], packed);
    try {
      const mask = table.masks[place];
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

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

function locate(file: FileReader, header: Hdf5Header): Hdf5Rows {
  const blocks = new Blocks(file, readSuperblock(file));
  const messages = readObject(blocks, header.name);
  const shape = readShape(messages);
  const format = readFormat(messages);
  const filters = readFilters(messages);
  if (!sameShape(shape, header.shape) || shape.length === 0 || format.size !== header.format.size) {
    throw new UnknownStructure("the library sees another dataset");
  }
  if (!canUndo(filters)) throw new UnknownStructure("other filters");
  const layout = readLayout(messages);
  if (layout.kind === "contiguous") {
    const position = blocks.superblock.base + layout.address;
    if (position + product(shape) * format.size > file.size) {
      throw new UnknownStructure("the data is outside the file");
    }
    return new ContiguousRows(file, position, header, format);
  }
  const { chunk, index } = layout;
  if (!sameShape(chunk, header.chunks ?? [])) throw new UnknownStructure("other chunks");
  const chunkBytes = product(chunk) * format.size;
  const filtered = filters.length > 0;
  const table = findChunks(blocks, index, { shape, chunk, chunkBytes, filtered });
  return new ChunkedRows(file, { header, format, chunk, filters, table });
}

/**
 * Opens the rows of a dataset for direct reading.
 *
 * @param header The dataset as the HDF5 library describes it.
 * @returns Its rows, with a file handle of their own, or `undefined` if the way in which the file
 * keeps them is not known here.
 */
export function openRawRows(header: Hdf5Header): Hdf5Rows | undefined {
  const file = FileReader.open(header.file);
  try {
    return locate(file, header);
  } catch (error) {
    file.close();
    const unknown = error instanceof UnknownStructure || error instanceof RangeError ||
      error instanceof DataError;
    if (unknown) return undefined;
    throw error;
  }
}
