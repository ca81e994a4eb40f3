/**
 * Second names of files.
 * @module
 */
import { copyFileSync, linkSync } from "node:fs";

/**
 * Gives a file a second name, or copies it where names cannot share a file.
 *
 * @param path The file.
 * @param other Its second name, which no file has yet where names can share one.
 * @throws {Error} if the system refuses.
 *
 * @example Two names
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const folder = Deno.makeTempDirSync();
 * Deno.writeTextFileSync(`${folder}/last.pt`, "weights");
 * shareFile(`${folder}/last.pt`, `${folder}/best.pt`);
 * assertEquals(Deno.readTextFileSync(`${folder}/best.pt`), "weights");
 * ```
 */
export function shareFile(path: string, other: string): void {
  try {
    linkSync(path, other);
  } catch {
    copyFileSync(path, other);
  }
}
