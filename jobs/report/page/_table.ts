/** Tables and figures of the page. */
import type { DrawnFigure } from "../figures/figure.ts";
import { count } from "../numbers.ts";
import { Html, type HtmlPart, markup } from "./markup.ts";

/** A cell: text is left-aligned, a number right-aligned. */
export type TableCell = string | number | Html | {
  /** What it is sorted by; `null` comes last. */
  readonly value: number | null;
  /** What it shows. */
  readonly show: HtmlPart;
  /** Whether it begins on the left, as numbers do whose decimal points are aligned. */
  readonly left?: boolean;
};

/** A table. */
export interface TableParts {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly TableCell[])[];
  /** Name of its element. */
  readonly id?: string;
  /** Whether its columns sort it. */
  readonly sortable?: boolean;
}

/** Longer texts may be broken. */
const LONG = 24;

/**
 * Writes a table, which scrolls by itself where it is too wide.
 * @param parts The table.
 */
export function table({ columns, rows, id, sortable }: TableParts): Html {
  const isNumber = columns.map((_, at) =>
    rows.length > 0 && rows.every((row) => isNumeric(row[at]))
  );
  const classOf = (at: number, cell?: TableCell) => {
    if (isNumber[at]) return "number";
    return cell !== undefined && lengthOf(cell) > LONG ? "text" : "";
  };
  const heads = columns.map((name, at) =>
    markup`<th scope="col" class="${classOf(at)}">${name}</th>`
  );
  const lines = rows.map((row) => {
    const cells = row.map((cell, at) =>
      markup`<td class="${classOf(at, cell)}"${sortValue(cell)}>${shown(cell)}</td>`
    );
    return markup`<tr>${cells}</tr>\n`;
  });
  const name = id === undefined ? undefined : markup` id="${id}"`;
  return markup`<div class="scroll" tabindex="0"><table${name} class="${
    sortable ? "sortable" : ""
  }">
<thead><tr>${heads}</tr></thead>
<tbody>
${lines}</tbody></table></div>`;
}

/** Letters of a cell that is text. */
function lengthOf(cell: TableCell): number {
  if (typeof cell === "string") return cell.length;
  return cell instanceof Html ? cell.text.replaceAll(/<[^>]*>/g, "").length : 0;
}

/** What a cell is sorted by, where that is not its text. */
function sortValue(cell: TableCell): Html | undefined {
  if (typeof cell === "number") return markup` data-value="${cell}"`;
  if (typeof cell === "string" || !("value" in cell)) return undefined;
  return markup` data-value="${cell.value ?? ""}"`;
}

function shown(cell: TableCell): HtmlPart {
  if (typeof cell === "number") return count(cell);
  return typeof cell === "object" && "value" in cell ? cell.show : cell;
}

/** Whether a cell is a number, or text that is one. */
function isNumeric(cell: TableCell | undefined): boolean {
  if (typeof cell === "string") return /^[\u2212-]?[\d.,]+(e[\u2212-]?\d+)?$|^–$/.test(cell);
  return typeof cell === "number" || (typeof cell === "object" && "value" in cell && !cell.left);
}

/**
 * Writes a figure: wide and narrow drawing, what it shows, its numbers.
 * @param figure The figure.
 */
export function figure(
  { title, description, caption = description, wide, phone, table: numbers }: DrawnFigure,
): Html {
  return markup`
    <figure>
      <h3>${title}</h3>
      <figcaption>${caption}</figcaption>
      <div class="wide">${new Html(wide)}</div>
      <div class="phone">${new Html(phone)}</div>
      <details><summary>Numbers</summary>
    ${table(numbers)}
      </details>
    </figure>
  `;
}

/**
 * Writes facts by name.
 * @param facts Names and what is said of them; those that are not known are left out.
 */
export function factList(facts: readonly (readonly [string, HtmlPart])[]): Html {
  const known = facts.filter(([, value]) => value !== undefined);
  return markup`<dl class="facts">${
    known.map(([name, value]) => markup`<dt>${name}</dt><dd>${value}</dd>`)
  }</dl>`;
}
