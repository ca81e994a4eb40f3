/**
 * Writes zip archives of stored entries whose data starts at multiples of 64 bytes, as PyTorch
 * wants it. Same entries, same bytes: no times, no attributes.
 * @module
 */
import { checksum } from "../checksum.ts";

/** A file inside an archive. */
export interface ZipEntry {
  /** Path inside the archive. */
  readonly name: string;
  /** Content. */
  readonly data: Uint8Array;
}

/** Data starts at multiples of this. */
const ALIGNMENT = 64;
/** From here on a field of 32 bits refers to one of 64. */
const LIMIT_32 = 0xffff_ffff;
/** The extra field with which PyTorch fills the space up to aligned data. */
const PADDING_ID = 0x4246;
const ZIP64_ID = 0x0001;
/** Length of the fixed part of a header before data. */
const LOCAL_LENGTH = 30;

/** Little-endian fields, one after the other. */
class Fields {
  readonly #bytes: number[] = [];

  put(size: 2 | 4 | 8, ...values: readonly number[]): this {
    for (const value of values) {
      let rest = value;
      for (let i = 0; i < size; i++) {
        this.#bytes.push(rest % 256);
        rest = Math.floor(rest / 256);
      }
    }
    return this;
  }

  append(bytes: Iterable<number>): this {
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  finish(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#bytes);
  }
}

/** An entry with what headers say about it. */
interface Placed {
  readonly name: Uint8Array;
  readonly crc: number;
  readonly size: number;
  readonly offset: number;
}

/** Headers mark names as UTF-8; 45 is the version that knows 64-bit sizes. */
const UTF8_FLAG = 1 << 11;
const versionFor = (wide: boolean) => wide ? 45 : 20;
const narrow = (value: number) => Math.min(value, LIMIT_32);

function localHeader({ name, crc, size, offset }: Placed): Uint8Array<ArrayBuffer> {
  const wide = size >= LIMIT_32;
  const extra = new Fields();
  if (wide) extra.put(2, ZIP64_ID, 16).put(8, size, size);
  const before = offset + LOCAL_LENGTH + name.length + extra.finish().length + 4;
  const padding = (ALIGNMENT - (before % ALIGNMENT)) % ALIGNMENT;
  extra.put(2, PADDING_ID, padding).append(new Uint8Array(padding).fill(0x5a));
  const bytes = extra.finish();
  return new Fields()
    .put(4, 0x04034b50).put(2, versionFor(wide), UTF8_FLAG, 0, 0, 0)
    .put(4, crc, narrow(size), narrow(size)).put(2, name.length, bytes.length)
    .append(name).append(bytes).finish();
}

function centralHeader({ name, crc, size, offset }: Placed): Uint8Array<ArrayBuffer> {
  const wideSize = size >= LIMIT_32;
  const wideOffset = offset >= LIMIT_32;
  const wide = wideSize || wideOffset;
  const extra = new Fields();
  if (wide) {
    extra.put(2, ZIP64_ID, (wideSize ? 16 : 0) + (wideOffset ? 8 : 0));
    if (wideSize) extra.put(8, size, size);
    if (wideOffset) extra.put(8, offset);
  }
  const bytes = extra.finish();
  const version = versionFor(wide);
  return new Fields()
    .put(4, 0x02014b50).put(2, version, version, UTF8_FLAG, 0, 0, 0)
    .put(4, crc, narrow(size), narrow(size)).put(2, name.length, bytes.length, 0, 0, 0)
    .put(4, 0, narrow(offset)).append(name).append(bytes).finish();
}

/** The end of the archive, with the 64-bit records that PyTorch always writes. */
function endRecords(count: number, start: number, length: number): Uint8Array<ArrayBuffer> {
  const few = Math.min(count, 0xffff);
  return new Fields()
    .put(4, 0x06064b50).put(8, 44).put(2, 45, 45).put(4, 0, 0)
    .put(8, count, count, length, start)
    .put(4, 0x07064b50, 0).put(8, start + length).put(4, 1)
    .put(4, 0x06054b50).put(2, 0, 0, few, few).put(4, narrow(length), narrow(start)).put(2, 0)
    .finish();
}

/**
 * Makes a zip archive, piece by piece.
 *
 * @param entries Its files, in this order.
 * @returns The archive's bytes; data of entries comes as it was given, without a copy.
 *
 * @example The data is aligned
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const chunks = [...zipChunks([{ name: "a", data: new Uint8Array([1, 2]) }])];
 * assertEquals(chunks[0].length, 64);
 * assertEquals(chunks[1], new Uint8Array([1, 2]));
 * ```
 */
export function* zipChunks(entries: Iterable<ZipEntry>): Generator<Uint8Array> {
  const placed: Placed[] = [];
  let offset = 0;
  for (const { name, data } of entries) {
    const entry = {
      name: new TextEncoder().encode(name),
      crc: checksum(data),
      size: data.length,
      offset,
    };
    const header = localHeader(entry);
    yield header;
    yield data;
    placed.push(entry);
    offset += header.length + data.length;
  }
  let length = 0;
  for (const entry of placed) {
    const header = centralHeader(entry);
    yield header;
    length += header.length;
  }
  yield endRecords(placed.length, offset, length);
}
