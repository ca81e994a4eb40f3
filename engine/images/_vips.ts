/** Decodes with libvips: samples as files hold them, without a conversion of its own. */
import type sharpModule from "sharp";
import { withTimeLimit } from "./_time_limit.ts";
import { describeDamage } from "./damage.ts";
import { ImageError } from "./image_error.ts";
import type { VipsHeader } from "./image_header.ts";
import { jpegEnd } from "./jpeg_scans.ts";
import { MAX_IMAGE_PIXELS } from "./pixel_limits.ts";
import { type DecodedSamples, SAMPLE_ARRAYS, SAMPLE_KINDS, type SampleKind } from "./samples.ts";

/** Longest time for an image of {@linkcode MAX_IMAGE_PIXELS} or fewer. */
const SECONDS = 60;

/** Longest time that the decoder can be told. */
const MOST_SECONDS = 3600;

/** Most samples of a pixel, of the kinds that are read. */
const MAX_BANDS = 6;

let loading: Promise<typeof sharpModule> | undefined;

/**
 * Loads the library once per thread.
 * @returns It.
 * @throws {Error} if it cannot be loaded, which is not a fault of an image.
 */
export function loadSharp(): Promise<typeof sharpModule> {
  loading ??= import("sharp").then(({ default: sharp }) => {
    sharp.concurrency(1); // images are decoded side by side, each by one thread
    sharp.cache(false);
    return sharp;
  }, (cause) => {
    const [reason] = String(cause instanceof Error ? cause.message : cause).split("\n");
    throw new Error(`Cannot load the image library "sharp": ${reason}`, { cause });
  });
  return loading;
}

/**
 * Decodes the samples of an image.
 * @param file The file.
 * @param header What its header says.
 * @throws {ImageError} if the file is damaged.
 */
export async function decodeSamples(
  file: Uint8Array,
  header: VipsHeader,
): Promise<DecodedSamples> {
  const kind: SampleKind = SAMPLE_KINDS[header.kind];
  const { width, decodedWidth = width, height } = header;
  const sharp = await loadSharp();
  const image = sharp(patched(file, header), {
    failOn: "error", // warnings about damage that every decoder mends do not justify refusing
    ignoreIcc: true,
    limitInputPixels: decodedWidth * height,
    limitInputChannels: MAX_BANDS,
  });
  if (kind.space === "cmyk") image.pipelineColourspace("cmyk");
  if (kind.space === "srgb" && kind.bands === 3) image.removeAlpha();
  image.toColourspace(kind.space).raw({ depth: kind.depth });
  const seconds = SECONDS * Math.ceil((decodedWidth * height) / MAX_IMAGE_PIXELS);
  const decoding = image.timeout({ seconds: Math.min(seconds + 1, MOST_SECONDS) })
    .toBuffer({ resolveWithObject: true })
    .catch(() => {
      throw new ImageError(describeDamage(file, header.format));
    });
  const { data, info } = await withTimeLimit(decoding, seconds);
  const { channels: bands } = info;
  const Samples = SAMPLE_ARRAYS[kind.depth];
  const values = decodedWidth * height * bands;
  if (
    info.width !== decodedWidth || info.height !== height || bands < kind.bands ||
    values * Samples.BYTES_PER_ELEMENT !== data.length
  ) {
    throw new ImageError("its pixels are others than its header says");
  }
  const aligned = data.byteOffset % Samples.BYTES_PER_ELEMENT === 0 ? data : Uint8Array.from(data);
  const samples = new Samples(aligned.buffer as ArrayBuffer, aligned.byteOffset, values);
  return { width: decodedWidth, height, bands, samples };
}

/** What the decoder gets: no more than the image, and with the changes that its header wants. */
function patched(file: Uint8Array, { format, patches = [] }: VipsHeader): Uint8Array {
  if (format === "jpeg") return file.subarray(0, jpegEnd(file));
  if (patches.length === 0) return file;
  const copy = file.slice();
  for (const { at, bytes } of patches) copy.set(bytes, at);
  return copy;
}
