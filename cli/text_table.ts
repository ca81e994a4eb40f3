/**
 * Tables and lists of facts as plain text, aligned.
 * @module
 */

/** Columns of a line of the terminal. */
export const LINE_WIDTH = 100;

/** What a cell holds. */
export type Cell = string | number | undefined;

/**
 * Writes a table: columns of numbers to the right, others to the left.
 * @param rows The rows, the head first; an `undefined` cell is a dash.
 * @param indent Spaces before each row.
 *
 * @example Two classes
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const rows = [["class", "slides"], ["normal", 12], ["tumor", undefined]];
 * assertEquals(textTable(rows), ["class   slides", "normal      12", "tumor        -"]);
 * ```
 */
export function textTable(rows: readonly (readonly Cell[])[], indent = 0): string[] {
  const cells = rows.map((row) => row.map(textOf));
  const [, ...body] = rows;
  const isLeft = rows[0].map((_, at) => body.some((row) => typeof row[at] === "string"));
  const widths = cells[0].map((_, at) => Math.max(...cells.map((row) => row[at].length)));
  return cells.map((row) => {
    const padded = row.map((cell, at) =>
      isLeft[at] ? cell.padEnd(widths[at]) : cell.padStart(widths[at])
    );
    return " ".repeat(indent) + padded.join("  ").trimEnd();
  });
}

function textOf(cell: Cell): string {
  return cell === undefined ? "-" : typeof cell === "number" ? formatNumber(cell) : cell;
}

/**
 * Writes a number for people.
 * @param number The number.
 *
 * @example Large, broken and small
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals([12345, 22.5, 0.000123456].map(formatNumber), ["12,345", "22.5", "0.0001235"]);
 * ```
 */
export function formatNumber(number: number): string {
  if (Number.isInteger(number) || Math.abs(number) >= 1000) {
    return number.toLocaleString("en-US", { maximumFractionDigits: 0 });
  }
  return String(Number(number.toPrecision(4)));
}

/**
 * Writes facts below each other; long ones go on in the next line.
 * @param facts Names and facts; those that are `undefined` are left out.
 * @param indent Spaces before each line.
 *
 * @example A name and a fact
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(factLines([["dtype", "float16"], ["chunks", undefined]]), ["dtype  float16"]);
 * ```
 */
export function factLines(
  facts: readonly (readonly [name: string, fact: string | undefined])[],
  indent = 0,
): string[] {
  const known = facts.flatMap(([name, fact]) => fact === undefined ? [] : [[name, fact] as const]);
  const column = Math.max(0, ...known.map(([name]) => name.length)) + 2;
  const room = LINE_WIDTH - indent - column;
  return known.flatMap(([name, fact]) =>
    wrapped(fact, room).map((line, at) =>
      " ".repeat(indent) + (at === 0 ? name : "").padEnd(column) + line
    )
  );
}

/**
 * Cuts a text into lines between its words.
 * @param text The text.
 * @param width Most letters of a line; longer words stay whole.
 *
 * @example Two lines
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(wrapped("one two three", 8), ["one two", "three"]);
 * ```
 */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line];
}
