/** Tables and figures of the page. */
import type { DrawnFigure } from "../figures/figure.ts";
import { count } from "../numbers.ts";
import { Html, html, type HtmlPart } from "./html.ts";

/** A cell: text is left-aligned, a number right-aligned. */
export type TableCell = string | number | Html | {
  /** What it is sorted by; `null` comes last. */
  readonly value: number | null;
  /** What it shows. */
  readonly show: HtmlPart;
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

/**
 * Writes a table, which scrolls by itself where it is too wide.
 * @param parts The table.
 */
export function table({ columns, rows, id, sortable }: TableParts): Html {
  const isNumber = columns.map((_, at) =>
    rows.length > 0 && rows.every((row) => isNumeric(row[at]))
  );
  const className = (at: number, cell?: TableCell) =>
    isNumber[at]
      ? html`
        class="number"
      `
      : typeof cell === "string" && cell.length > 24
      ? html`
        class="text"
      `
      : undefined;
  const heads = columns.map((name, at) =>
    html`
      <th scope="col" ${className(at)}>${name}</th>
    `
  );
  const lines = rows.map((row) =>
    html`
      <tr>${row.map((cell, at) => {
        const value = typeof cell === "object" && "value" in cell
          ? html`
            data-value="${cell.value ?? ""}"
          `
          : typeof cell === "number"
          ? html`
            data-value="${cell}"
          `
          : undefined;
        return html`<td${className(at, cell)}${value}>${shown(cell)}</td>`;
      })}</tr>
    `
  );
  const name = id === undefined ? undefined : html`
    id="${id}"
  `;
  return html`
    <div class="scroll" tabindex="0">
      <table${name}${sortable
        ? html`
          class="sortable"
        `
        : undefined}>
        <thead>
          <tr>${heads}</tr>
        </thead>
        <tbody>
    ${lines}</tbody>
        </table>
        </div>
  `;
}

function shown(cell: TableCell): HtmlPart {
  if (typeof cell === "number") return count(cell);
  return typeof cell === "object" && "value" in cell ? cell.show : cell;
}

/** Whether a cell is a number, or text that is one. */
function isNumeric(cell: TableCell | undefined): boolean {
  if (typeof cell === "string") return /^[\u2212-]?[\d.,]+(e[\u2212-]?\d+)?$|^–$/.test(cell);
  return typeof cell === "number" || (typeof cell === "object" && "value" in cell);
}

/**
 * Writes a figure: wide and narrow drawing, what it shows, its numbers.
 * @param figure The figure.
 */
export function figure({ title, description, wide, phone, table: numbers }: DrawnFigure): Html {
  return html`
    <figure>
      <h3>${title}</h3>
      <figcaption>${description}</figcaption>
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
  return html`<dl class="facts">${
    known.map(([name, value]) =>
      html`
        <dt>${name}</dt>
        <dd>${value}</dd>
      `
    )
  }</dl>`;
}
