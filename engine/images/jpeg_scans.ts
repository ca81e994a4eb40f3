/**
 * Looks through the packed pixels of a JPEG file for its end, and for marks of damage at which PIL
 * refuses it and libvips does not.
 * @module
 */
import { ImageError } from "./image_error.ts";

/** Segments that may follow packed pixels: tables, comments, more pixels. */
const SEGMENTS = new Set([0xc4, 0xcc, 0xda, 0xdb, 0xdc, 0xdd, 0xfe]);
const END_OF_IMAGE = 0xd9;

/**
 * Finds the end of a JPEG image. Phones append others to it, of which the decoder is not to know.
 *
 * @param file The file, whose header could be read.
 * @returns The first byte behind the image; `undefined` if it has no end marker.
 * @throws {ImageError} if there is a marker in its packed pixels that does not exist.
 *
 * @example Packed pixels, and a byte too many
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const file = new Uint8Array([0xff, 0xd8, 0xff, 0xda, 0, 2, 7, 0xff, 0, 0xff, 0xd9, 7]);
 * assertEquals(jpegEnd(file), 11);
 * ```
 */
export function jpegEnd(file: Uint8Array): number | undefined {
  for (let at = 2;;) {
    at = file.indexOf(0xff, at);
    if (at < 0 || at + 1 >= file.length) return undefined;
    const marker = file[at + 1];
    if (marker === END_OF_IMAGE) return at + 2;
    if (SEGMENTS.has(marker) || isHeader(marker)) {
      at += 2 + (((file[at + 2] ?? 0) << 8) | (file[at + 3] ?? 0));
    } else if (marker < 2 || marker === 0xff || (marker >= 0xd0 && marker <= 0xd8)) {
      at += marker === 0xff ? 1 : 2; // stuffing, or a marker that stands alone
    } else throw new ImageError(`its packed pixels are damaged at byte ${at}`);
  }
}

/** Whether a segment begins a frame or belongs to an application. */
function isHeader(marker: number): boolean {
  return (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc8) ||
    (marker >= 0xe0 && marker <= 0xef);
}
