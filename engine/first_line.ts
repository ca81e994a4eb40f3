/**
 * The reason of an error, for messages of one line.
 * @module
 */

/**
 * The first line of what an error says.
 * @param error What was thrown, an `Error` or anything else.
 * @returns One line, without the line break.
 *
 * @example A message with a trace
 * ```ts
 * import { firstLine } from "@glovita/glovita/plugin";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(firstLine(new Error("no such model\n  at line 3")), "no such model");
 * ```
 *
 * @category Errors
 */
export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1)[0];
}
