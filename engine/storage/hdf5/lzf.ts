/**
 * LZF, the quick compression of h5py: short copies of what came before, and bytes as they are.
 * @module
 */

/** A chunk that does not decode. */
export class DamagedChunk extends Error {
  override name = "DamagedChunk";
}

/** Bytes below this count the literal ones that follow, less one. */
const LITERALS = 32;
/** A copy of this length says in another byte how much longer it is. */
const LONG_COPY = 7;
/** Three bytes stand for 264 at most. */
const MOST_EXPANSION = 88;

/**
 * Unpacks a block.
 *
 * @param bytes The packed block.
 * @param most Bytes that the unpacked one has at most.
 * @returns The unpacked block.
 * @throws {DamagedChunk} if it does not unpack, or to more.
 *
 * @example Two bytes, and a copy of them
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const packed = Uint8Array.of(1, 7, 8, 0x20, 1);
 * assertEquals(unpackLzf(packed, 99), Uint8Array.of(7, 8, 7, 8, 7));
 * ```
 */
export function unpackLzf(bytes: Uint8Array, most: number): Uint8Array {
  const result = new Uint8Array(Math.min(most, MOST_EXPANSION * bytes.length));
  let to = 0;
  for (let at = 0; at < bytes.length;) {
    const head = bytes[at++]!;
    if (head < LITERALS) {
      const end = at + head + 1;
      if (end > bytes.length || to + head + 1 > result.length) throw damaged();
      while (at < end) result[to++] = bytes[at++]!;
      continue;
    }
    let length = head >> 5;
    if (length === LONG_COPY) length += bytes[at++]!;
    const from = to - ((head & 0x1f) << 8) - bytes[at++]! - 1;
    // Beyond the end of the block, bytes are undefined and `from` is not a number.
    if (!(from >= 0) || !(to + length + 2 <= result.length)) throw damaged();
    for (let i = 0; i < length + 2; i++) result[to++] = result[from + i]!;
  }
  return result.subarray(0, to);
}

const damaged = () => new DamagedChunk("a compressed chunk is damaged");
