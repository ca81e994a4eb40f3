/**
 * What all pages share: the line that says what happens, the bar that says how far it is, and the
 * worker.
 * @module
 */
/// <reference lib="dom" />
import type { PageAbout } from "../jobs/export/page/about.ts";
import { THRESHOLD } from "../jobs/predict/prediction_table.ts";
import type { Services } from "./services.ts";

/** The parts of a page. */
export interface Screen {
  /** What is known of the model. */
  readonly about: PageAbout;
  /** What reads and computes. */
  readonly worker: Services;
  /** Where the page's own parts go. */
  readonly content: HTMLElement;
  /** Says something. */
  say(text: string): void;
  /** Shows how far something is; hides the bar at the end. */
  progress(done: number, total: number): void;
  /** Does something, one thing after the other; what it throws is said. */
  run(work: () => Promise<void>): Promise<void>;
}

/** Shows what happens. */
export class StatusLine {
  readonly #status = document.getElementById("status")!;
  readonly #bar = document.getElementById("progress") as HTMLProgressElement;
  readonly #content = document.getElementById("content")!;
  #before: Promise<void> = Promise.resolve();
  #waiting = 0;

  /**
   * Says something.
   * @param text One line.
   * @param wrong Whether something went wrong.
   */
  say(text: string, wrong = false): void {
    this.#status.textContent = text;
    this.#status.classList.toggle("error", wrong);
  }

  /**
   * Shows how far something is.
   * @param done How much is done.
   * @param total How much there is.
   */
  progress(done: number, total: number): void {
    this.#bar.hidden = done >= total;
    this.#bar.value = total > 0 ? done / total : 0;
  }

  /**
   * Does something, after what was begun before.
   * @param work What is done.
   */
  run(work: () => Promise<void>): Promise<void> {
    this.#busy(1);
    this.#before = this.#before.then(async () => {
      try {
        await work();
      } catch (error) {
        this.progress(1, 1);
        this.say(error instanceof Error ? error.message : String(error), true);
      }
      this.#busy(-1);
    });
    return this.#before;
  }

  #busy(more: number): void {
    this.#waiting += more;
    this.#content.setAttribute("aria-busy", String(this.#waiting > 0));
  }
}

/**
 * Names of the classes, or of the predicted values.
 * @param about What is known of the model.
 */
export function namesOf({ classNames, numClasses, subtask }: PageAbout): readonly string[] {
  if (classNames !== undefined) return classNames;
  if (subtask === "regression" && numClasses === 1) return ["value"];
  const what = subtask === "regression" ? "value" : "class";
  return Array.from({ length: numClasses }, (_, at) => `${what} ${at}`);
}

/**
 * What a model says of a sample, in a few words.
 * @param about What is known of the model.
 * @param scores `[numClasses]`.
 */
export function verdictOf(about: PageAbout, scores: Float32Array): string {
  const names = namesOf(about);
  switch (about.subtask) {
    case "multiclass":
      return `predicted ${names[scores.indexOf(Math.max(...scores))]}`;
    case "multilabel": {
      const found = names.filter((_, at) => scores[at] > THRESHOLD);
      return found.length > 0 ? `predicted ${found.join(", ")}` : "predicted none of the labels";
    }
    case "regression":
      return names.map((name, at) => `${name} ${digits(scores[at])}`).join(", ");
  }
}

/**
 * A number of things.
 * @param count How many.
 * @param what What one of them is called.
 */
export function counted(count: number, what: string): string {
  return `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
}

/**
 * Writes a number that people read.
 * @param value The number.
 */
export function digits(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(2) : value.toFixed(4);
}
