/**
 * Names that become parts of a path.
 * @module
 */
import { quote } from "../errors.ts";

/** Characters that no name should have: control characters, and the separator of one system only. */
const ODD = /[\p{Cc}\u2028\u2029\\]/u;

/**
 * Checks a text that names something below a folder: one or more plain parts of a path, so that it
 * cannot lead anywhere else.
 * @param text The text.
 * @returns What is wrong with it, as `expected …`; nothing where it is good.
 *
 * @example A name within a folder, and one that leads out of it
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(checkPathParts("ablation/no_dropout"), undefined);
 * assertEquals(
 *   checkPathParts("../x"),
 *   'expected a name, or names with / between them, without ".." or ".", received "../x"',
 * );
 * ```
 */
export function checkPathParts(text: string): string | undefined {
  const received = `received ${quote(text)}`;
  if (ODD.test(text)) {
    return `expected a name without control characters and backslashes, ${received}`;
  }
  if (!text.split("/").some((part) => ["", ".", ".."].includes(part))) return undefined;
  return `expected a name, or names with / between them, without ".." or ".", ${received}`;
}
