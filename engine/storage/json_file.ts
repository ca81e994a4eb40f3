/**
 * Reads JSON that people and programs write: strictly, and no deeper than code can walk.
 * @module
 */
import { DataError } from "../errors.ts";
import { lineAt, readTextFile, type TextOptions } from "./text_file.ts";

/** Objects and lists inside each other that no config or table comes near. */
const MOST_LEVELS = 200;
/** Characters of a name that a message shows. */
const MOST_SHOWN = 200;

/**
 * Reads a JSON file.
 * @param path The file.
 * @param options Its encoding.
 * @returns The value.
 * @throws {DataError} if the file cannot be read, or is not JSON that {@linkcode parseJson} takes.
 *
 * @example A name that stands twice
 * ```ts
 * import { readJsonFile } from "@glovita/glovita/features";
 * import { assertThrows } from "@std/assert";
 *
 * const file = `${await Deno.makeTempDir()}/labels.json`;
 * await Deno.writeTextFile(file, '{"a.png": 0, "a.png": 1}');
 * assertThrows(() => readJsonFile(file), Error, 'line 1 repeats the name "a.png"');
 * ```
 *
 * @category Text files
 */
export function readJsonFile(path: string, options: TextOptions = {}): unknown {
  const text = readTextFile(path, options);
  try {
    return parseJson(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(`Cannot read "${path}": it is not JSON: ${reason}`, { file: path, cause });
  }
}

/**
 * Parses JSON, as `JSON.parse` does, but refuses what nests deeper than 200 levels, and objects that
 * have a name twice, of which only the last value would be seen.
 * @param text The JSON.
 * @returns The value.
 * @throws {SyntaxError} with one line that says what is wrong.
 *
 * @example A name that stands twice
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals(parseJson('{"a": [1]}'), { a: [1] });
 * assertThrows(() => parseJson('{"a": 1, "a": 2}'), SyntaxError, 'line 1 repeats the name "a"');
 * ```
 */
export function parseJson(text: string): unknown {
  checkStructure(text);
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SyntaxError(reason.replace(/\s+/g, " "), { cause });
  }
}

/** Walks through the brackets, names and texts of JSON; what else is wrong shows in parsing it. */
function checkStructure(text: string): void {
  const names: (Set<string> | undefined)[] = []; // of each open object; undefined for a list
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "{" || character === "[") {
      names.push(character === "{" ? new Set() : undefined);
      if (names.length > MOST_LEVELS) {
        throw new SyntaxError(`it nests deeper than ${MOST_LEVELS} levels`);
      }
    } else if (character === "}" || character === "]") names.pop();
    else if (character === '"') {
      const end = endOfText(text, at);
      const open = names.at(-1);
      if (open !== undefined && isFollowedByColon(text, end)) {
        const name = text.slice(at, end);
        if (open.has(name)) {
          const place = `line ${lineAt(text, at)}`;
          throw new SyntaxError(`${place} repeats the name ${name.slice(0, MOST_SHOWN)}`);
        }
        open.add(name);
      }
      at = end - 1;
    }
  }
}

/** Where a text in quotes ends that begins at `start`; the end of everything if it is not closed. */
function endOfText(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text[at - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return at + 1;
  }
  return text.length;
}

function isFollowedByColon(text: string, start: number): boolean {
  let at = start;
  while (at < text.length && " \t\r\n".includes(text.charAt(at))) at++;
  return text[at] === ":";
}
