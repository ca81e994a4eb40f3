/** Files that loggers write. */
import { rename, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Writes a text file whole: whoever reads it meanwhile, or after a crash, finds the old one or the
 * new one.
 * @param path Path of the file.
 * @param text What it is to hold.
 */
export async function replaceTextFile(path: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${crypto.randomUUID()}.tmp`);
  await writeFile(temporary, text);
  await rename(temporary, path);
}

/**
 * Reads the size of an image out of a PNG file.
 * @param png Bytes of the file.
 * @returns Width and height in pixels.
 * @throws {TypeError} if it is not a PNG file.
 */
export function pngSize(png: Uint8Array): { readonly width: number; readonly height: number } {
  const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  if (png.length < 24 || signature.some((byte, index) => png[index] !== byte)) {
    throw new TypeError("Cannot log an image: its bytes are not a PNG file");
  }
  const view = new DataView(png.buffer, png.byteOffset);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}
