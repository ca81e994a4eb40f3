/**
 * Reads what a WebP file says about its pixels.
 * @module
 */
import type { HeaderBytes } from "./header_bytes.ts";
import { ImageError } from "./image_error.ts";
import type { SampleHeader } from "./samples.ts";

/** Where the data of the first chunk begin. */
const DATA = 20;

/**
 * Reads the header of a WebP file.
 *
 * @param bytes The file; its signature has been checked.
 * @returns Size and kind of pixels; of an animation, those of its canvas.
 * @throws {ImageError} if the header is cut off or breaks the rules of the format.
 */
export function readWebpHeader(bytes: HeaderBytes): SampleHeader {
  const chunk = bytes.text(12, 4);
  const size = readers[chunk]?.(bytes);
  if (!size) throw new ImageError("its first chunk holds no size");
  return { width: size[0], height: size[1], kind: "rgb8" };
}

type Size = readonly [width: number, height: number];

const readers: Readonly<Record<string, (bytes: HeaderBytes) => Size | undefined>> = {
  "VP8 "(bytes) {
    const side = (at: number) => bytes.uint16(DATA + at, "little") & 0x3fff;
    bytes.bytes(DATA, 10); // all of it is there
    if (!bytes.has(DATA + 3, [0x9d, 0x01, 0x2a])) return undefined;
    return [side(6), side(8)];
  },
  "VP8L"(bytes) {
    if (bytes.uint8(DATA) !== 0x2f) return undefined;
    const sides = bytes.uint32(DATA + 1, "little");
    return [(sides & 0x3fff) + 1, ((sides >>> 14) & 0x3fff) + 1];
  },
  "VP8X"(bytes) {
    const side = (at: number) => (bytes.uint32(DATA + at - 1, "little") >>> 8) + 1; // 24 bits
    return [side(4), side(7)];
  },
};
