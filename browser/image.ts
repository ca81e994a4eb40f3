/**
 * From an image that a user drops to a sample: the browser decodes it, and the same code as in training
 * makes a sample of its pixels.
 * @module
 */
/// <reference lib="dom" />
import { type Image, withChannels } from "../engine/images/image.ts";
import { normalizeImage } from "../engine/images/normalize.ts";
import { type ImageTransform, transformImage } from "../engine/images/transform.ts";

/**
 * Makes a sample of an image.
 * @param file The image.
 * @param name Its name, for messages.
 * @param transform What becomes of it.
 * @returns `[channels, height, width]`.
 * @throws {Error} if the browser does not read it.
 */
export async function imageSample(
  file: Blob,
  name: string,
  transform: ImageTransform,
): Promise<Float32Array> {
  const decoded = await decode(file, name);
  const made = transformImage(withChannels(decoded, transform.channels), transform);
  const sample = new Float32Array(made.data.length);
  normalizeImage(made, transform, sample);
  return sample;
}

/** Pixels as they are stored: no colour profile, not turned as EXIF says, like training's. */
async function decode(file: Blob, name: string): Promise<Image> {
  const bytes = withoutExif(new Uint8Array(await file.arrayBuffer()));
  const options = { colorSpaceConversion: "none", premultiplyAlpha: "none" } as const;
  const bitmap = await createImageBitmap(new Blob([bytes], { type: file.type }), options)
    .catch(() => {
      throw new Error(`Cannot read "${name}": it is not an image that this browser reads`);
    });
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data: rgba } = context.getImageData(0, 0, width, height);
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    if (rgba[from + 3] !== 255) {
      throw new Error(
        `Cannot read "${name}": it has transparent pixels, which browsers do not keep as they are`,
      );
    }
    data[to++] = rgba[from];
    data[to++] = rgba[from + 1];
    data[to++] = rgba[from + 2];
  }
  return { width, height, channels: 3, data };
}

/**
 * Takes EXIF out of a JPEG, so that browsers do not turn it: training does not, either.
 * @param bytes The file; other kinds of files stay as they are.
 */
export function withoutExif(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const [MARKER, START, SCAN, EXIF] = [0xff, 0xd8, 0xda, 0xe1];
  if (bytes[0] !== MARKER || bytes[1] !== START) return bytes;
  const kept: Uint8Array[] = [bytes.subarray(0, 2)];
  let at = 2;
  while (bytes[at] === MARKER && bytes[at + 1] !== SCAN && at + 4 <= bytes.length) {
    const end = at + 2 + 256 * bytes[at + 2] + bytes[at + 3];
    if (bytes[at + 1] !== EXIF) kept.push(bytes.subarray(at, end));
    at = end;
  }
  kept.push(bytes.subarray(at));
  const whole = new Uint8Array(kept.reduce((sum, { length }) => sum + length, 0));
  let to = 0;
  for (const part of kept) {
    whole.set(part, to);
    to += part.length;
  }
  return whole;
}
