/**
 * Reads rows of a dataset straight from the file, without the HDF5 library, where the dataset lies
 * in one piece, in plain files, or in chunks that went through gzip, lzf, shuffle and checksum
 * only. What is not known here is left to the library; what is damaged is an error.
 * @module
 */
import { DataError } from "../../errors.ts";
import { sizeOf } from "../../ir/dims.ts";
import type { FileReader } from "../file_reader.ts";
import { ChunkedRows, filled } from "./chunked_rows.ts";
import { findChunks } from "./chunks.ts";
import { DamagedStructure, UnknownStructure } from "./cursor.ts";
import { ExternalRows, readSegments } from "./external.ts";
import { canUndo } from "./filters.ts";
import { type Layout, readFill, readFilters, readLayout, readMaxShape } from "./layout.ts";
import type { FoundObject } from "./paths.ts";
import type { Hdf5Header, Hdf5Rows } from "./rows.ts";

/** Reading this many bytes costs about as much as asking for the next place. */
const GAP_BYTES = 16 << 10;

/** Rows that lie in the file one after the other, as they are. */
class ContiguousRows implements Hdf5Rows {
  readonly chunkRows = 1;
  readonly gapBytes = GAP_BYTES;
  readonly #file: FileReader;
  readonly #position: number;
  readonly #rowBytes: number;

  constructor(file: FileReader, position: number, rowBytes: number) {
    this.#file = file;
    this.#position = position;
    this.#rowBytes = rowBytes;
  }

  read(start: number, _count: number, target: Uint8Array): void {
    this.#file.readInto(this.#position + start * this.#rowBytes, target);
  }

  close(): void {}
}

/** Rows that are in memory: all of them, or one element that stands for all. */
class MemoryRows implements Hdf5Rows {
  readonly chunkRows = 1;
  readonly gapBytes = 0;
  readonly #data: Uint8Array;
  readonly #rowBytes: number;
  readonly #same: boolean;

  constructor(data: Uint8Array, rowBytes: number, { same }: { readonly same: boolean }) {
    this.#data = data;
    this.#rowBytes = rowBytes;
    this.#same = same;
  }

  read(start: number, _count: number, target: Uint8Array): void {
    const at = start * this.#rowBytes;
    target.set(
      this.#same ? filled(target.length, this.#data) : this.#data.subarray(at, at + target.length),
    );
  }

  close(): void {}
}

/** What is to be read. */
export interface RawOptions {
  /** The dataset. */
  readonly header: Pick<Hdf5Header, "file" | "name" | "shape">;
  /** Bytes of an element. */
  readonly elementSize: number;
}

/** The rows of a dataset, and what they lack. */
export interface RawRows {
  /** Reads them. */
  readonly rows: Hdf5Rows;
  /** What was never written, for a line to the user. */
  readonly unwritten?: string;
}

/** Rows in chunks. */
function chunked(
  { container, messages }: FoundObject,
  layout: Layout & { readonly kind: "chunked" },
  { header, elementSize }: RawOptions,
): RawRows {
  const { shape } = header;
  const { chunk, index, plainEdges } = layout;
  if (chunk.length !== shape.length) throw new DamagedStructure("chunks of other dimensions");
  if (layout.elementSize !== elementSize) throw new DamagedStructure("chunks of another type");
  const filters = readFilters(messages);
  if (!canUndo(filters)) throw new UnknownStructure("other filters");
  const chunkBytes = sizeOf(chunk) * elementSize;
  const filtered = filters.length > 0;
  const maxShape = readMaxShape(messages);
  const options = { shape, maxShape, chunk, chunkBytes, filtered, plainEdges };
  const table = findChunks(container.blocks, index, options);
  const fill = readFill(messages, elementSize);
  const { unwritten, positions } = table;
  return {
    rows: new ChunkedRows(container.blocks.file, {
      ...{ header, elementSize, chunk, filters, table, fill },
    }),
    unwritten: unwritten > 0 ? `${unwritten} of ${positions.length} chunks` : undefined,
  };
}

function locate(object: FoundObject, options: RawOptions): RawRows {
  const { container: { blocks }, messages } = object;
  const { header: { file, name, shape }, elementSize } = options;
  const rowBytes = sizeOf(shape.slice(1)) * elementSize;
  const bytes = sizeOf(shape) * elementSize;
  const segments = readSegments(object.container, messages);
  if (segments.length > 0) {
    const fail = (state: string) =>
      new DataError(`Cannot read "${file}": dataset "${name}" ${state}`, { file, dataset: name });
    return { rows: new ExternalRows(segments, { bytes, rowBytes, fail }) };
  }
  const layout = readLayout(messages);
  switch (layout.kind) {
    case "compact":
      if (layout.data.length < bytes) throw new DamagedStructure("the data is cut off");
      return { rows: new MemoryRows(layout.data, rowBytes, { same: false }) };
    case "contiguous": {
      if (layout.address === undefined) {
        const rows = new MemoryRows(readFill(messages, elementSize), rowBytes, { same: true });
        return { rows, unwritten: bytes > 0 ? "all values" : undefined };
      }
      if (bytes > (layout.size ?? bytes)) throw new DamagedStructure("the data is cut off");
      const position = blocks.superblock.base + layout.address;
      if (!(position + bytes <= blocks.file.size)) {
        throw new DamagedStructure("the data is outside the file");
      }
      return { rows: new ContiguousRows(blocks.file, position, rowBytes) };
    }
    case "chunked":
      return chunked(object, layout, options);
    case "virtual":
      throw new UnknownStructure("a virtual dataset");
  }
}

/**
 * Opens the rows of a dataset for direct reading.
 *
 * @param object The dataset.
 * @param options Its name, shape and type.
 * @returns Its rows, which need its file to stay open; `undefined` if the way in which the file
 * keeps them is not known here.
 * @throws {DamagedStructure} if what leads to the rows is damaged.
 * @throws {DataError} if they lie in other files, which are not there.
 */
export function openRawRows(object: FoundObject, options: RawOptions): RawRows | undefined {
  try {
    return locate(object, options);
  } catch (error) {
    if (error instanceof UnknownStructure) return undefined;
    throw error;
  }
}
