/**
 * Predictions as a table that sorts, with a button for each sample that has more to show.
 * @module
 */
/// <reference lib="dom" />
import type { Predictions } from "../engine/data/predictions.ts";
import { predictionCsv, predictionTable } from "../jobs/predict/prediction_table.ts";
import { button, element, save } from "./dom.ts";
import { digits } from "./screen.ts";

type Cell = string | number | undefined;

/** Rows that are shown: more would make the page slow. The file has all of them. */
const SHOWN = 1000;
/** Columns that hold whole numbers or texts. */
const WHOLE = /^(id|patient|split|label|predicted)/;

/** A table of predictions. */
export class ResultTable {
  readonly #predictions: Predictions;
  readonly #open: ((sample: number) => void) | undefined;
  readonly #columns: ReadonlyMap<string, readonly Cell[]>;
  readonly #body = element("tbody");
  readonly #heads: HTMLTableCellElement[] = [];
  #order: number[];
  /** What is shown. */
  readonly view: HTMLElement;

  /**
   * Makes a table.
   * @param predictions What is in it.
   * @param options Name of the file, and what is done with a sample that is chosen.
   */
  constructor(
    predictions: Predictions,
    { file, open }: { readonly file: string; readonly open?: (sample: number) => void },
  ) {
    this.#predictions = predictions;
    this.#open = open;
    this.#columns = predictionTable(predictions);
    this.#order = predictions.ids.map((_, at) => at);
    for (const name of this.#columns.keys()) this.#heads.push(this.#head(name));
    const table = element(
      "table",
      {},
      element("thead", {}, element("tr", {}, ...this.#heads)),
      this.#body,
    );
    const text = () => predictionCsv(predictions);
    const more = predictions.ids.length > SHOWN
      ? `The first ${SHOWN.toLocaleString("en")} of ${
        predictions.ids.length.toLocaleString("en")
      } rows are shown; the file has all of them.`
      : "";
    this.view = element(
      "div",
      {},
      element(
        "div",
        { class: "row" },
        button("Download CSV", () => save(`${file}.csv`, [text()], "text/csv")),
        button("Copy", () => void navigator.clipboard?.writeText(text())),
      ),
      ...(more ? [element("p", { class: "quiet" }, more)] : []),
      element(
        "div",
        { class: "scroll", tabIndex: 0, role: "region", "aria-label": "Predictions" },
        table,
      ),
    );
    this.#fill();
  }

  /**
   * Marks a sample.
   * @param sample Its index.
   */
  mark(sample: number): void {
    for (const row of this.#body.rows) {
      row.setAttribute("aria-selected", String(row.dataset.sample === String(sample)));
    }
  }

  #head(name: string): HTMLTableCellElement {
    const head = element("th", { scope: "col" });
    if (!this.#isText(name)) head.className = "number";
    head.append(button(name.replaceAll("_", " "), () => {
      const up = head.getAttribute("aria-sort") === "descending";
      for (const other of this.#heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const cells = this.#columns.get(name)!;
      this.#order.sort((a, b) => (up ? 1 : -1) * compare(cells[a], cells[b]));
      this.#fill();
    }));
    return head;
  }

  #number(value: number): string {
    return this.#predictions.subtask === "regression" ? digits(value) : value.toFixed(4);
  }

  #isText(name: string): boolean {
    return this.#columns.get(name)!.some((cell) => typeof cell === "string");
  }

  #fill(): void {
    this.#body.replaceChildren(...this.#order.slice(0, SHOWN).map((sample) => this.#row(sample)));
  }

  #row(sample: number): HTMLTableRowElement {
    const cells = [...this.#columns].map(([name, values]) => {
      const value = values[sample];
      const isId = name === "id" && this.#open !== undefined;
      const text = typeof value === "number" && !(WHOLE.test(name) && Number.isInteger(value))
        ? digits(value)
        : `${value ?? ""}`;
      const content = isId ? button(text, () => this.#open!(sample)) : text;
      return element("td", this.#isText(name) ? {} : { class: "number" }, content);
    });
    return element("tr", { "data-sample": sample }, ...cells);
  }

  /** Share of the samples that are right, where that is known. */
  get accuracy(): number | undefined {
    const { labels, ids, subtask } = this.#predictions;
    if (labels === undefined || subtask !== "multiclass") return undefined;
    const predicted = this.#columns.get("predicted")!;
    return predicted.filter((value, at) => value === labels.values[at]).length / ids.length;
  }
}

function compare(a: Cell, b: Cell): number {
  return typeof a === "number" && typeof b === "number"
    ? a - b
    : String(a ?? "").localeCompare(String(b ?? ""), "en", { numeric: true });
}
