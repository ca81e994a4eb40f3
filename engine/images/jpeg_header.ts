/**
 * Reads what a JPEG file says about its pixels.
 * @module
 */
import type { HeaderBytes } from "./header_bytes.ts";
import { ImageError } from "./image_error.ts";
import type { SampleHeader, SampleKindName } from "./samples.ts";

/** Kinds of pixels by number of components. */
const KINDS: Readonly<Record<number, SampleKindName>> = { 1: "grey8", 3: "rgb8", 4: "cmyk8" };

/** Coding of the pixels by the low half of the marker that begins a frame. */
const FRAMES: Readonly<Record<number, string | undefined>> = {
  0xc0: undefined, // baseline
  0xc1: undefined, // extended
  0xc2: undefined, // progressive
  0xc3: "lossless",
  0xc5: "hierarchical",
  0xc6: "hierarchical",
  0xc7: "hierarchical and lossless",
  0xc9: undefined, // extended, arithmetic coding
  0xca: undefined, // progressive, arithmetic coding
  0xcb: "lossless",
  0xcd: "hierarchical",
  0xce: "hierarchical",
  0xcf: "hierarchical and lossless",
};

const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;

/**
 * Reads the header of a JPEG file.
 *
 * @param bytes The file; its first bytes have been checked.
 * @returns Size and kind of pixels.
 * @throws {ImageError} if the header is cut off, or pixels are coded in a way that is not read.
 */
export function readJpegHeader(bytes: HeaderBytes): SampleHeader {
  let found: SampleHeader | undefined;
  for (let at = 2;;) {
    // Decoders skip what lies between segments.
    while (bytes.uint8(at) !== 0xff) at++;
    while (bytes.uint8(at) === 0xff) at++;
    const marker = bytes.uint8(at++);
    if (marker === 0 || marker === 1 || (marker >= 0xd0 && marker <= 0xd8)) continue; // no segment
    if (marker === END_OF_IMAGE) throw new ImageError("it ends before its pixels");
    if (marker === START_OF_SCAN) {
      if (!found) throw new ImageError("its pixels begin before its header");
      return found;
    }
    if (marker in FRAMES) {
      if (found) throw new ImageError("it has several headers");
      found = readFrame(bytes, at + 2, FRAMES[marker]);
    }
    at += Math.max(2, bytes.uint16(at, "big"));
  }
}

function readFrame(bytes: HeaderBytes, at: number, coding: string | undefined): SampleHeader {
  if (coding) throw new ImageError(`it is a ${coding} JPEG, which is not read`);
  const bits = bytes.uint8(at);
  if (bits !== 8) {
    throw new ImageError(`it is a JPEG of ${bits} bits per sample, which is not read`);
  }
  const components = bytes.uint8(at + 5);
  const kind = KINDS[components];
  if (!kind) throw new ImageError(`it is a JPEG of ${components} components, which is not read`);
  return { height: bytes.uint16(at + 1, "big"), width: bytes.uint16(at + 3, "big"), kind };
}
