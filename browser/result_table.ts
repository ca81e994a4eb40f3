/**
 * Predictions as a table that sorts, with a button for each sample that has more to show.
 * @module
 */
/// <reference lib="dom" />
import type { Predictions } from "../engine/data/predictions.ts";
import { predictionCsv, predictionTable, THRESHOLD } from "../jobs/predict/prediction_table.ts";
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
    const notes = notesOf(predictions);
    this.view = element(
      "div",
      {},
      element(
        "div",
        { class: "row" },
        button("Download CSV", () => save(`${file}.csv`, [text()], "text/csv")),
        button("Copy", () => void navigator.clipboard?.writeText(text())),
      ),
      ...notes.map((note) => element("p", { class: "quiet" }, note)),
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

  /** Probabilities lie below each other digit by digit. */
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
        ? this.#number(value)
        : `${value ?? ""}`;
      const content = isId ? button(text, () => this.#open!(sample)) : text;
      return element("td", this.#isText(name) ? {} : { class: "number" }, content);
    });
    return element("tr", { "data-sample": sample }, ...cells);
  }

  /** How right the predictions are, in words; nothing where that is not known. */
  get quality(): readonly string[] {
    const { labels, ids, subtask, scores, numClasses } = this.#predictions;
    if (labels === undefined || ids.length === 0) return [];
    const { values } = labels;
    if (subtask === "regression") {
      const sum = scores.reduce((all, score, at) => all + Math.abs(score - values[at]), 0);
      return [`mean absolute error ${digits(sum / scores.length)}`];
    }
    const share = (right: (sample: number) => boolean) =>
      `${(100 * ids.filter((_, sample) => right(sample)).length / ids.length).toFixed(1)}%`;
    if (subtask === "multiclass") {
      const predicted = this.#columns.get("predicted")!;
      return [`${share((at) => predicted[at] === values[at])} as labelled`];
    }
    const same = (at: number) => (scores[at] > THRESHOLD) === (values[at] > THRESHOLD);
    const all = (sample: number) =>
      Array.from({ length: numClasses }, (_, label) => sample * numClasses + label).every(same);
    return [`all labels right in ${share(all)} of them`];
  }
}

/** What the table does not say itself. */
function notesOf({ ids, subtask, spread }: Predictions): readonly string[] {
  const [shown, count] = [SHOWN, ids.length].map((number) => number.toLocaleString("en"));
  return [
    ...(ids.length > SHOWN
      ? [`The first ${shown} of ${count} rows are shown; the file has all of them.`]
      : []),
    ...(subtask === "multilabel" ? [`A label is predicted above ${THRESHOLD}.`] : []),
    ...(spread ? ["sd is the standard deviation over the models."] : []),
  ];
}

function compare(a: Cell, b: Cell): number {
  return typeof a === "number" && typeof b === "number"
    ? a - b
    : String(a ?? "").localeCompare(String(b ?? ""), "en", { numeric: true });
}
