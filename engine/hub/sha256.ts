/**
 * SHA-256 of files of any size.
 * @module
 */
import { createHash } from "node:crypto";
import { FileReader } from "../storage/file_reader.ts";

/** Bytes read at once. */
const BLOCK = 1 << 22;

/** Whether a name can be a SHA-256 in hexadecimal digits. */
const SHA256 = /^[0-9a-f]{64}$/;

/**
 * Says whether a text has the form of a SHA-256.
 * @param text Any text.
 *
 * @example A hash of git is not a SHA-256
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals([isSha256("ab".repeat(32)), isSha256("ab".repeat(20))], [true, false]);
 * ```
 */
export function isSha256(text: string): boolean {
  return SHA256.test(text);
}

/**
 * Computes the SHA-256 of a file, block by block.
 * @param path The file.
 * @param signal Stops between two blocks.
 * @returns 64 hexadecimal digits.
 * @throws {DataError} if the file cannot be read.
 *
 * @example The empty file
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const path = Deno.makeTempFileSync();
 * assertEquals((await sha256OfFile(path)).slice(0, 8), "e3b0c442");
 * ```
 *
 * @category Downloads
 */
export async function sha256OfFile(path: string, signal?: AbortSignal): Promise<string> {
  using file = FileReader.open(path);
  const hash = createHash("sha256");
  const block = new Uint8Array(BLOCK);
  for (let at = 0; at < file.size; at += BLOCK) {
    const part = block.subarray(0, Math.min(BLOCK, file.size - at));
    file.readInto(at, part);
    hash.update(part);
    // Lets signals and the progress bar have their turn.
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
  }
  return hash.digest("hex");
}
