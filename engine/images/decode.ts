/**
 * Decodes images to the pixels that PIL's `Image.open(file).convert("RGB")` gives: no color profile,
 * no gamma, alpha dropped, EXIF rotation only for TIFF. Headers are read and checked before files are
 * read whole, and files before their pixels take memory.
 * @module
 */
import { type FileHandle, open, readFile, stat } from "node:fs/promises";
import { DataError } from "../errors.ts";
import { FileReader, readError } from "../storage/file_reader.ts";
import { decodeSamples, loadSharp } from "./_vips.ts";
import { decodeBmp } from "./bmp.ts";
import { decodeGif } from "./gif.ts";
import { BLOCK_BYTES, HeaderBytes, parseScattered } from "./header_bytes.ts";
import { type Image, withChannels } from "./image.ts";
import { ImageError } from "./image_error.ts";
import { imageFormat, type ImageHeader, parseImageHeader, uprightSize } from "./image_header.ts";
import { turnUpright } from "./orientation.ts";
import { MAX_IMAGE_PIXELS, withPixels } from "./pixel_limits.ts";
import { SAMPLE_KINDS, type SampleKind } from "./samples.ts";

/** Files up to this size are read at once. */
const SMALL_FILE = 4 * BLOCK_BYTES;

/** Most bytes of a file: what one array of the platform may hold. */
const MAX_FILE_BYTES = 2 ** 31 - 1;

/** Bytes by which a format is told. */
const FORMAT_BYTES = 16;

/** What images may be. */
export interface ImageLimits {
  /** Most pixels that an image may have. @default {MAX_IMAGE_PIXELS} */
  readonly maxPixels?: number;
}

/** How an image is read. */
export interface ReadImageOptions extends ImageLimits {
  /** 3 for RGB, 1 for greyscale. */
  readonly channels: number;
}

/** A file whose header is known. */
interface OpenImage {
  readonly header: ImageHeader;
  readonly size: number;
  /** The file, if it was read whole. */
  readonly whole?: Uint8Array;
}

/**
 * Decodes an image.
 *
 * @param file The file: JPEG, PNG, TIFF, WebP, GIF or BMP.
 * @param channels 3 for RGB, 1 for greyscale.
 * @param header What its header says, where that is known.
 * @returns The image.
 * @throws {ImageError} if the file is not an image, a damaged one, or of a kind that is not read.
 *
 * @example A PNG with one red pixel
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const red = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";
 * const bytes = Uint8Array.from(atob(red), (character) => character.charCodeAt(0));
 * assertEquals((await decodeImage(bytes, 3)).data, new Uint8Array([255, 0, 0]));
 * ```
 */
export async function decodeImage(
  file: Uint8Array,
  channels: number,
  header: ImageHeader = parseImageHeader(new HeaderBytes(file.length, file), MAX_IMAGE_PIXELS),
): Promise<Image> {
  return withChannels(await decodeAs(file, header), channels);
}

async function decodeAs(file: Uint8Array, header: ImageHeader): Promise<Image> {
  switch (header.format) {
    case "bmp":
      return decodeBmp(file);
    case "gif":
      return decodeGif(file);
    case "jpeg":
    case "png":
    case "tiff":
    case "webp": {
      const { toImage }: SampleKind = SAMPLE_KINDS[header.kind];
      return turnUpright(toImage(await decodeSamples(file, header)), header.orientation ?? 1);
    }
  }
}

/**
 * Decodes an image file. It waits while the images in work have too many pixels.
 *
 * @param path The file.
 * @param options Channels of the image, and how large it may be.
 * @param use Gets the image, whose pixels count as in work until it returns.
 * @returns What `use` returns.
 * @throws {DataError} if the file is missing, no image, damaged, too large or not of a kind that is
 * read.
 */
export async function useImage<T>(
  path: string,
  { channels, maxPixels }: ReadImageOptions,
  use: (image: Image) => T,
): Promise<T> {
  await loadSharp(); // its failure is not the fault of the file
  const { header, size, whole } = await openImage(path, maxPixels);
  return await withPixels(header.width * header.height, async () => {
    const image = await withPath(path, async () => {
      if (size > MAX_FILE_BYTES) throw new ImageError(`it has ${size} bytes, more than 2 GB`);
      return await decodeImage(whole ?? await readFile(path), channels, header);
    });
    return use(image);
  });
}

/**
 * Decodes an image file.
 *
 * @param path The file.
 * @param channels 3 for RGB, 1 for greyscale.
 * @returns The image.
 * @throws {DataError} as {@linkcode useImage} does.
 */
export async function readImage(path: string, channels: number): Promise<Image> {
  return await useImage(path, { channels }, (image) => image);
}

/**
 * Reads the size of an image from its header.
 *
 * @param path The file.
 * @param limits How large it may be.
 * @returns Height and width, as {@linkcode readImage} would give them.
 * @throws {DataError} if the file is missing, no image or too large.
 */
export async function readImageSize(
  path: string,
  { maxPixels }: ImageLimits = {},
): Promise<[height: number, width: number]> {
  return uprightSize((await openImage(path, maxPixels)).header);
}

/**
 * Whether a file begins as an image of a format that is read does.
 *
 * @param path The file, whatever its name.
 * @returns Whether it does; `false` if it cannot be opened.
 *
 * @example A bitmap without an end to its name
 * ```ts
 * import { isImageFile } from "@glovita/glovita/images";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/scan`, "BM and so on");
 * await Deno.writeTextFile(`${folder}/notes.png`, "no image");
 * assertEquals([isImageFile(`${folder}/scan`), isImageFile(`${folder}/notes.png`)], [true, false]);
 * ```
 *
 * @category Sources
 */
export function isImageFile(path: string): boolean {
  try {
    using file = FileReader.open(path);
    const length = Math.min(FORMAT_BYTES, file.size);
    return imageFormat(new HeaderBytes(length, file.read(0, length))) !== undefined;
  } catch (error) {
    if (error instanceof DataError) return false;
    throw error;
  }
}

async function openImage(path: string, maxPixels = MAX_IMAGE_PIXELS): Promise<OpenImage> {
  return await withPath(path, async () => {
    const found = await stat(path);
    const { size } = found;
    if (!found.isFile()) {
      throw new ImageError(found.isDirectory() ? "it is a folder" : "it is not a regular file");
    }
    await using file = await open(path);
    const read = (at: number, length: number) => readBytes(file, at, length);
    const start = await read(0, size <= SMALL_FILE ? size : BLOCK_BYTES);
    const bytes = new HeaderBytes(size, start);
    const header = await parseScattered(bytes, read, (known) => parseImageHeader(known, maxPixels));
    return { header, size, whole: start.length === size ? start : undefined };
  });
}

async function readBytes(file: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) throw new ImageError("the file is truncated");
    done += bytesRead;
  }
  return bytes;
}

/** Turns whatever is wrong with a file into an error that names it. */
async function withPath<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ImageError)) throw readError(error, path);
    throw new DataError(`Cannot read "${path}": ${error.message}`, { file: path, cause: error });
  }
}
