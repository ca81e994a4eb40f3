/**
 * External storage: data of a dataset that lies in plain files.
 * @module
 */
import type { DataError } from "../../errors.ts";
import { FileReader } from "../file_reader.ts";
import { type Container, isFile } from "./container.ts";
import { DamagedStructure } from "./cursor.ts";
import { MESSAGE, type Messages } from "./objects.ts";
import type { Hdf5Rows } from "./rows.ts";

/** A part of a plain file. */
export interface Segment {
  /** Path of the file; the current folder is where a relative one begins. */
  readonly file: string;
  /** First byte. */
  readonly offset: number;
  /** Number of bytes; `undefined` for the rest of the file. */
  readonly size: number | undefined;
}

/**
 * Lists the files in which a dataset's data lies.
 *
 * @param container The file that holds the dataset.
 * @param messages The dataset's header.
 * @returns The parts one after the other; none where the data is in the HDF5 file.
 * @throws {DamagedStructure} if the list is damaged.
 */
export function readSegments({ blocks }: Container, messages: Messages): Segment[] {
  if (!messages.has(MESSAGE.externalFiles)) return [];
  const { offsetSize, lengthSize } = blocks.superblock;
  const message = messages.one(MESSAGE.externalFiles);
  if (message.u8() !== 1) throw new DamagedStructure("a list of files of an unknown version");
  const count = message.skip(5).u16();
  const head = blocks.read(message.requiredAddress(), 8 + 2 * lengthSize + offsetSize);
  const size = head.expect("HEAP").skip(4).length();
  const names = blocks.read(head.skip(lengthSize).requiredAddress(), size);
  return Array.from({ length: count }, () => {
    names.at = 0;
    const file = new TextDecoder().decode(names.skip(message.length()).untilZero());
    return { file, offset: message.length(), size: message.limit() };
  });
}

/** A part that is open. */
interface OpenSegment {
  readonly reader: FileReader;
  readonly offset: number;
  /** First byte of the dataset's data that lies here. */
  readonly start: number;
  readonly size: number;
}

/** What the data of a dataset must hold. */
export interface ExternalOptions {
  /** Bytes of all rows. */
  readonly bytes: number;
  /** Bytes of a row. */
  readonly rowBytes: number;
  /** Makes an error of what is wrong with a file. */
  readonly fail: (state: string) => DataError;
}

/** Rows that lie in plain files. */
export class ExternalRows implements Hdf5Rows {
  readonly chunkRows = 1;
  readonly gapBytes = 0;
  readonly #segments: OpenSegment[] = [];
  readonly #rowBytes: number;

  /**
   * Opens the files.
   *
   * @param segments Where the data lies.
   * @param options What it must hold.
   * @throws {DataError} if a file is missing or too short.
   */
  constructor(segments: readonly Segment[], { bytes, rowBytes, fail }: ExternalOptions) {
    this.#rowBytes = rowBytes;
    try {
      let start = 0;
      for (const { file, offset, size } of segments) {
        if (start >= bytes) break;
        if (!isFile(file)) throw fail(`reads from "${file}", which does not exist`);
        const reader = FileReader.open(file);
        const available = reader.size - offset;
        const wanted = Math.min(size ?? available, bytes - start);
        this.#segments.push({ reader, offset, start, size: wanted });
        if (available < wanted || wanted < 0) {
          throw fail(`reads from "${file}", which ends ${wanted - available} bytes too early`);
        }
        start += wanted;
      }
      if (start < bytes) {
        throw fail(`reads from other files, which hold ${start} of ${bytes} bytes`);
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Reads rows; see {@linkcode Hdf5Rows}. */
  read(first: number, _count: number, target: Uint8Array): void {
    const begin = first * this.#rowBytes;
    for (const { reader, offset, start, size } of this.#segments) {
      const from = Math.max(begin, start);
      const to = Math.min(begin + target.length, start + size);
      if (from >= to) continue;
      reader.readInto(offset + from - start, target.subarray(from - begin, to - begin));
    }
  }

  /** Closes the files. */
  close(): void {
    for (const { reader } of this.#segments) reader.close();
  }
}
