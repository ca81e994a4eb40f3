/**
 * What only the user can decide: the error that says which option, and what there is to choose from.
 * @module
 */
import { DataError } from "../errors.ts";

/** What is to be chosen. */
export interface Undecided {
  /** Field of `data` that decides it. */
  readonly option: string;
  /** What it may be. */
  readonly candidates: readonly string[];
  /** The file that allows several answers. */
  readonly file: string;
}

/**
 * Data that may be read in several ways, of which none is the usual one.
 *
 * @example A table with two labels
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const choice = { option: "label_columns", candidates: ["tumor", "grade"], file: "labels.csv" };
 * const { name, option } = new UndecidedError('Cannot read "labels.csv": two labels', choice);
 * assertEquals([name, option], ["DataError", "label_columns"]);
 * ```
 */
export class UndecidedError extends DataError implements Undecided {
  /** Field of `data` that decides it. */
  readonly option: string;
  /** What it may be. */
  readonly candidates: readonly string[];
  /** The file that allows several answers. */
  override readonly file: string;

  /**
   * Makes the error.
   * @param message One line: `Cannot <action> <thing>: <current state>`.
   * @param undecided What is to be chosen.
   */
  constructor(message: string, { option, candidates, file }: Undecided) {
    super(message, { file });
    this.option = option;
    this.candidates = candidates;
    this.file = file;
  }
}
