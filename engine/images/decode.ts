/**
 * Decodes image files to the pixels that PIL's `Image.open(file).convert("RGB")` gives: no color
 * profile, no gamma, alpha dropped, EXIF rotation only for TIFF. The decoders are libvips', which
 * give the same bytes as PIL's for JPEG, PNG, TIFF and WebP; what PIL does on top is done here.
 * One difference is left: transparent pixels of a GIF are black.
 * @module
 */
import { readFile } from "node:fs/promises";
import type sharpModule from "sharp";
import type { Metadata, Sharp, SharpOptions } from "sharp";
import { DataError } from "../errors.ts";
import { firstLine } from "../first_line.ts";
import { readError } from "../storage/file_reader.ts";
import { bmpSize, decodeBmp, isBmp } from "./bmp.ts";
import { clipGrey, cmykToRgb, type Image, withChannels } from "./image.ts";

/** Warnings about damage that every decoder mends are no reason to refuse an image. */
const OPTIONS: SharpOptions = { failOn: "error", ignoreIcc: true };

let loading: Promise<typeof sharpModule> | undefined;

/** Loads the library once a thread. */
function loadSharp(): Promise<typeof sharpModule> {
  loading ??= import("sharp").then(({ default: sharp }) => {
    sharp.concurrency(1); // images are decoded side by side, each by one thread
    sharp.cache(false);
    return sharp;
  }, (cause) => {
    throw new Error(`Cannot load the image library "sharp": ${firstLine(cause)}`, { cause });
  });
  return loading;
}

/**
 * Decodes an image.
 *
 * @param bytes The file: JPEG, PNG, TIFF, WebP, GIF or BMP.
 * @param channels 3 for RGB, 1 for greyscale.
 * @returns The image.
 * @throws {Error} if the bytes are no image, or a damaged one.
 *
 * @example A PNG with one red pixel
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const red = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";
 * const bytes = Uint8Array.from(atob(red), (character) => character.charCodeAt(0));
 * assertEquals((await decodeImage(bytes, 3)).data, new Uint8Array([255, 0, 0]));
 * ```
 */
export async function decodeImage(bytes: Uint8Array, channels: number): Promise<Image> {
  if (isBmp(bytes)) return withChannels(decodeBmp(bytes), channels);
  const sharp = await loadSharp();
  const image = sharp(bytes, OPTIONS);
  const metadata = await image.metadata();
  if (rotates(metadata)) image.autoOrient();
  return withChannels(await decodeAs(image, metadata), channels);
}

/** PIL turns images as their EXIF data says for this format only. */
function rotates({ format }: Metadata): boolean {
  return format === "tiff";
}

async function decodeAs(image: Sharp, { space, hasAlpha }: Metadata): Promise<Image> {
  if (space === "cmyk") {
    image.pipelineColourspace("cmyk").toColourspace("cmyk");
    const inks = await pixelsOf(image.raw());
    return { ...inks, channels: 3, data: cmykToRgb(inks.data) };
  }
  if (space === "grey16" && !hasAlpha) {
    const deep = await pixelsOf(image.toColourspace("grey16").raw({ depth: "ushort" }));
    return { ...deep, data: clipGrey(new Uint16Array(deep.data.slice().buffer)) };
  }
  return await pixelsOf(image.removeAlpha().raw());
}

async function pixelsOf(image: Sharp): Promise<Image> {
  const { data, info } = await image.toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length);
  return { width, height, channels, data: bytes };
}

/**
 * Decodes an image file.
 *
 * @param path The file.
 * @param channels 3 for RGB, 1 for greyscale.
 * @returns The image.
 * @throws {DataError} if the file is missing, no image, or damaged.
 */
export async function readImage(path: string, channels: number): Promise<Image> {
  return await withPath(path, async () => await decodeImage(await readFile(path), channels));
}

/**
 * Reads the size of an image from its header.
 *
 * @param path The file.
 * @returns Height and width, as {@linkcode readImage} would give them.
 * @throws {DataError} if the file is missing or no image.
 */
export async function readImageSize(path: string): Promise<[height: number, width: number]> {
  return await withPath(path, async () => {
    const bytes = await readFile(path);
    if (isBmp(bytes)) return bmpSize(bytes);
    const metadata = await (await loadSharp())(bytes, OPTIONS).metadata();
    const { width, height } = rotates(metadata) ? metadata.autoOrient : metadata;
    return [height, width];
  });
}

/** Turns whatever is wrong with a file into an error that names it. */
async function withPath<T>(path: string, read: () => Promise<T>): Promise<T> {
  await loadSharp(); // whose failure is no fault of the file
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof Error) || "code" in error || error instanceof Deno.errors.NotCapable) {
      throw readError(error, path);
    }
    throw new DataError(`Cannot read "${path}": ${plainReason(error.message)}`, {
      file: path,
      cause: error,
    });
  }
}

/** The library's words without its own name and without repetitions. */
function plainReason(message: string): string {
  if (/unsupported image format|is empty/.test(message)) {
    return "it is no image of a known format";
  }
  return firstLine(message).replace(/^(Input buffer has corrupt header: |\w+: )+/, "");
}
