/** Files that loggers write. */
import { basename, dirname, join } from "node:path";

/**
 * Writes a text file whole: whoever reads it meanwhile, or after a crash, finds the old one or the
 * new one.
 * @param path Path of the file.
 * @param text What it is to hold.
 *
 * @example A file that grows
 * ```ts
 * import { replaceTextFile } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const file = `${await Deno.makeTempDir()}/metrics.csv`;
 * for (const text of ["epoch\n0\n", "epoch\n0\n1\n"]) await replaceTextFile(file, text);
 * assertEquals(await Deno.readTextFile(file), "epoch\n0\n1\n");
 * ```
 */
export async function replaceTextFile(path: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${crypto.randomUUID()}.tmp`);
  await Deno.writeTextFile(temporary, text);
  await Deno.rename(temporary, path);
}

/**
 * Reads the size of an image out of a PNG file.
 * @param png Bytes of the file.
 * @returns Width and height in pixels.
 * @throws {TypeError} if it is not a PNG file.
 *
 * @example The header of a PNG file
 * ```ts
 * import { pngSize } from "@glovita/glovita/parts";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => pngSize(new Uint8Array(30)), TypeError, "not a PNG file");
 * ```
 */
export function pngSize(png: Uint8Array): { readonly width: number; readonly height: number } {
  const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  if (png.length < 24 || signature.some((byte, index) => png[index] !== byte)) {
    throw new TypeError("Cannot log an image: its bytes are not a PNG file");
  }
  const view = new DataView(png.buffer, png.byteOffset);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}
