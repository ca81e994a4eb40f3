/**
 * Tells what an image file is by its content, and reads what its header says, before anything is
 * decoded: JPEG, PNG, TIFF, WebP, GIF and BMP, and nothing else.
 * @module
 */
import { describeWrongFile, FILE_START } from "../storage/file_kind.ts";
import { readBmpHeader } from "./bmp_header.ts";
import { readGifHeader } from "./gif.ts";
import type { HeaderBytes } from "./header_bytes.ts";
import { ImageError } from "./image_error.ts";
import { readJpegHeader } from "./jpeg_header.ts";
import { swapsSides } from "./orientation.ts";
import { checkSize } from "./pixel_limits.ts";
import { readPngHeader } from "./png_header.ts";
import type { SampleHeader } from "./samples.ts";
import { readTiffHeader } from "./tiff_header.ts";
import { readWebpHeader } from "./webp_header.ts";

/** What every image says. */
interface Size {
  /** Pixels in a row, as they are stored. */
  readonly width: number;
  /** Rows, as they are stored. */
  readonly height: number;
}

/** An image that is decoded here. */
export interface OwnHeader extends Size {
  /** Its format. */
  readonly format: "bmp" | "gif";
}

/** An image that libvips decodes. */
export interface VipsHeader extends SampleHeader {
  /** Its format. */
  readonly format: "jpeg" | "png" | "tiff" | "webp";
  /** How it has to be turned, as EXIF numbers it; PIL does so for TIFF only. */
  readonly orientation?: number;
  /** Pixels in a row as the decoder gets to see them, where that is another number. */
  readonly decodedWidth?: number;
}

/** What the header of an image says. */
export type ImageHeader = OwnHeader | VipsHeader;

/** Name of a format. */
export type ImageFormat = ImageHeader["format"];

interface Format {
  /** Whether a file begins as such files do. */
  matches(bytes: HeaderBytes): boolean;
  /** Reads the header. */
  read(bytes: HeaderBytes): ImageHeader;
}

const II = [0x49, 0x49];
const MM = [0x4d, 0x4d];
const TIFF_STARTS = [[...II, 42, 0], [...MM, 0, 42], [...II, 43, 0], [...MM, 0, 43]];
const RIFF = [0x52, 0x49, 0x46, 0x46];
const WEBP = [0x57, 0x45, 0x42, 0x50];
const GIF8 = [0x47, 0x49, 0x46, 0x38];
const GIF_STARTS = [[...GIF8, 0x37, 0x61], [...GIF8, 0x39, 0x61]];
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

const FORMATS: { readonly [F in ImageFormat]: Format } = {
  jpeg: {
    matches: (bytes) => bytes.has(0, [0xff, 0xd8, 0xff]),
    read: (bytes) => ({ format: "jpeg", ...readJpegHeader(bytes) }),
  },
  png: {
    matches: (bytes) => bytes.has(0, PNG),
    read: (bytes) => ({ format: "png", ...readPngHeader(bytes) }),
  },
  tiff: {
    matches: (bytes) => TIFF_STARTS.some((start) => bytes.has(0, start)),
    read: (bytes) => ({ format: "tiff", ...readTiffHeader(bytes) }),
  },
  webp: {
    matches: (bytes) => bytes.has(0, RIFF) && bytes.has(8, WEBP),
    read: (bytes) => ({ format: "webp", ...readWebpHeader(bytes) }),
  },
  gif: {
    matches: (bytes) => GIF_STARTS.some((start) => bytes.has(0, start)),
    read: (bytes) => ({ format: "gif", ...readGifHeader(bytes) }),
  },
  bmp: {
    matches: (bytes) => bytes.has(0, [0x42, 0x4d]),
    read: (bytes) => ({ format: "bmp", ...readBmpHeader(bytes) }),
  },
};

/** What a file should be. */
const EXPECTED = "a JPEG, PNG, TIFF, WebP, GIF or BMP image";

/**
 * Tells the format of an image.
 * @param bytes The file, or its beginning.
 * @returns The name, or `undefined` if it is none of those that are read.
 */
export function imageFormat(bytes: HeaderBytes): ImageFormat | undefined {
  return (Object.keys(FORMATS) as ImageFormat[]).find((name) => FORMATS[name].matches(bytes));
}

/**
 * Reads the header of an image, and checks what it claims.
 *
 * @param bytes The file, or as much as is known of it.
 * @param maxPixels Most pixels that the image may have.
 * @returns What it says.
 * @throws {ImageError} if the file is not an image, its header is damaged, or its pixels are too many or
 * of a kind that is not read.
 */
export function parseImageHeader(bytes: HeaderBytes, maxPixels: number): ImageHeader {
  const format = imageFormat(bytes);
  if (!format) {
    const start = bytes.bytes(0, Math.min(bytes.size, FILE_START));
    throw new ImageError(describeWrongFile(start, EXPECTED));
  }
  const header = FORMATS[format].read(bytes);
  checkSize(header, maxPixels);
  return header;
}

/**
 * The size of an image when it is decoded.
 * @param header What its header says.
 * @returns Height and width.
 */
export function uprightSize(header: ImageHeader): [height: number, width: number] {
  const { width, height } = header;
  const turned = "orientation" in header && swapsSides(header.orientation ?? 1);
  return turned ? [width, height] : [height, width];
}
