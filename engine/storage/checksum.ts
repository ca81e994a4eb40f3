/**
 * CRC-32, the checksum of zip archives.
 * @module
 */
import { crc32 } from "node:zlib";

/** Most bytes for one call: the runtime counts them in 32 bits. */
const CALL_BYTES = 1 << 30;

/**
 * Computes a CRC-32.
 *
 * @param bytes Any number of bytes, also beyond 4 GiB.
 * @param start Checksum of what comes before them.
 * @returns The checksum.
 *
 * @example In one piece or in two
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const bytes = new Uint8Array([1, 2, 3]);
 * const first = checksum(bytes.subarray(0, 1));
 * assertEquals(checksum(bytes.subarray(1), first), checksum(bytes));
 * ```
 */
export function checksum(bytes: Uint8Array, start = 0): number {
  let sum = start;
  for (let at = 0; at < bytes.length; at += CALL_BYTES) {
    sum = crc32(bytes.subarray(at, at + CALL_BYTES), sum);
  }
  return sum;
}
