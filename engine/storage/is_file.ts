/**
 * Whether there is a file.
 * @module
 */
import { statSync } from "node:fs";

/**
 * Whether there is a file at a path, or a link to one.
 * @param path The path.
 * @returns Whether there is; `false` where the system does not let it be looked at.
 *
 * @example A folder is not a file
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const folder = Deno.makeTempDirSync();
 * Deno.writeTextFileSync(`${folder}/a.txt`, "");
 * assertEquals([isFile(`${folder}/a.txt`), isFile(folder)], [true, false]);
 * ```
 */
export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
