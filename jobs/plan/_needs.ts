/**
 * What plans ask the user for.
 */
import { UndecidedError } from "../../engine/slides/undecided.ts";
import { ConfigError } from "../../registry/errors.ts";

/** Candidates that a line names. */
const MOST_NAMED = 12;

/**
 * The error of a plan that needs an answer: `plan needs --label_columns: one of "tumor", "grade"`.
 * @param option Field of `data`, or option of the plan.
 * @param what What it takes, and why it cannot be decided.
 */
export function needs(option: string, what: string): ConfigError {
  return new NeedsError(option, what);
}

class NeedsError extends ConfigError {
  constructor(option: string, what: string) {
    super([{ path: `data.${option}`, message: what }]);
    this.message = `plan needs --${option}: ${what}`;
  }
}

/**
 * A choice of names, in one line.
 * @param names The names.
 */
export function oneOf(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMED).map((name) => JSON.stringify(name));
  const rest = names.length > MOST_NAMED ? `, … (${names.length})` : "";
  return `one of ${shown.join(", ")}${rest}`;
}

/**
 * Turns what the engine cannot decide into a question, and hands back every other error.
 * @param error What was thrown.
 */
export function asQuestion(error: unknown): unknown {
  if (!(error instanceof UndecidedError)) return error;
  const { option, candidates, file } = error;
  const from = option === "data_root_dir"
    ? `"${file}" is not the only file of its slide`
    : `as "${file}" has them`;
  return needs(option, `${oneOf(candidates)}, ${from}`);
}
