/**
 * Reads what a PNG file says about its pixels.
 * @module
 */
import type { HeaderBytes } from "./header_bytes.ts";
import { ImageError } from "./image_error.ts";
import type { SampleHeader, SampleKindName } from "./samples.ts";

/** Kinds of pixels by bits per sample and color type: all that the format has. */
const KINDS: Readonly<Record<string, SampleKindName>> = {
  "1 grey": "grey8",
  "2 grey": "grey8",
  "4 grey": "grey8",
  "8 grey": "grey8",
  "16 grey": "grey16",
  "8 RGB": "rgb8",
  "16 RGB": "rgb16",
  "1 palette": "rgb8",
  "2 palette": "rgb8",
  "4 palette": "rgb8",
  "8 palette": "rgb8",
  "8 grey and alpha": "grey8",
  "16 grey and alpha": "greyAlpha16",
  "8 RGB and alpha": "rgb8",
  "16 RGB and alpha": "rgb16",
};

const COLOR_TYPES: readonly (string | undefined)[] = [
  "grey",
  undefined,
  "RGB",
  "palette",
  "grey and alpha",
  undefined,
  "RGB and alpha",
];

/**
 * Reads the header of a PNG file.
 *
 * @param bytes The file; its signature has been checked.
 * @returns Size and kind of pixels.
 * @throws {ImageError} if the header is cut off or breaks the rules of the format.
 */
export function readPngHeader(bytes: HeaderBytes): SampleHeader {
  const name = bytes.text(12, 4);
  if (name !== "IHDR") {
    throw new ImageError(
      name === "CgBI"
        ? "it is a PNG in the variant of iOS, which only Apple's programs read"
        : "its first chunk is not its header",
    );
  }
  const depth = bytes.uint8(24);
  const color = COLOR_TYPES[bytes.uint8(25)];
  const kind = KINDS[`${depth} ${color}`];
  if (!kind) {
    throw new ImageError(
      `a PNG of ${depth} bits and color type ${bytes.uint8(25)} does not exist`,
    );
  }
  return { width: bytes.uint32(16, "big"), height: bytes.uint32(20, "big"), kind };
}
