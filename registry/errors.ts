/**
 * Errors of the registry and the config tree. Each carries its facts as fields, so that no caller
 * has to parse its text.
 * @module
 */
import { escapeControls } from "../engine/storage/text_file.ts";

/**
 * One thing that is wrong with a config.
 * @category Errors
 */
export interface ConfigIssue {
  /** Dotted path of the field, for example `model.head.dropout`; empty for the tree as a whole. */
  readonly path: string;
  /** What was expected and what was received, in one line. */
  readonly message: string;
  /** The name that the message suggests in place of an unknown one. */
  readonly suggestion?: string;
}

/**
 * A config that cannot be used. Its message has one line for each issue.
 *
 * @example Reading what is wrong
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const path = "training.epochs";
 * const error = new ConfigError([{ path, message: "expected a whole number, received 0.5" }]);
 * assertEquals(error.issues.map((issue) => issue.path), [path]);
 * assertEquals(error.message, "training.epochs: expected a whole number, received 0.5");
 * ```
 *
 * @category Errors
 */
export class ConfigError extends Error {
  /** Name of the class, which survives a second copy of this package. */
  override name = "ConfigError";
  /** Everything that is wrong, in the order of the tree. */
  readonly issues: readonly ConfigIssue[];

  /**
   * Makes the error.
   * @param issues Everything that is wrong, at least one issue.
   * @param options The cause, where there is one.
   */
  constructor(issues: readonly ConfigIssue[], options?: ErrorOptions) {
    super(issues.map(renderIssue).join("\n"), options);
    this.issues = issues;
  }
}

/**
 * What an error of a plugin is about.
 * @category Errors
 */
export interface PluginErrorOptions extends ErrorOptions {
  /** Specifier of the module as the user gave it. */
  readonly specifier?: string;
  /** Slot of the plugin. */
  readonly slot?: string;
  /** Key of the plugin. */
  readonly key?: string;
}

/**
 * A plugin module that cannot be loaded, a value that is not a plugin, or a schema that throws.
 *
 * @example A module that is not there
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const message = 'Cannot load plugin "./head.ts": file does not exist';
 * assertEquals(new PluginError(message, { specifier: "./head.ts" }).specifier, "./head.ts");
 * ```
 *
 * @category Errors
 */
export class PluginError extends Error {
  /** Name of the class, which survives a second copy of this package. */
  override name = "PluginError";
  /** Specifier of the module as the user gave it, where it is known. */
  readonly specifier?: string;
  /** Slot of the plugin, where it is known. */
  readonly slot?: string;
  /** Key of the plugin, where it is known. */
  readonly key?: string;

  /**
   * Makes the error.
   * @param message One line: `Cannot <action> <thing>: <current state>`.
   * @param options Module and plugin, and the cause.
   */
  constructor(message: string, options: PluginErrorOptions = {}) {
    super(message, options);
    this.specifier = options.specifier;
    this.slot = options.slot;
    this.key = options.key;
  }
}

/**
 * A key that another plugin of the slot holds already.
 *
 * @example Two heads of one key
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const { message } = new DuplicateKeyError("head_type", "clam");
 * assertEquals(message, 'Cannot add head_type "clam": another plugin holds this key');
 * ```
 *
 * @category Errors
 */
export class DuplicateKeyError extends RangeError {
  /** Name of the class, which survives a second copy of this package. */
  override name = "DuplicateKeyError";
  /** Slot of the plugin. */
  readonly slot: string;
  /** Key of the plugin. */
  readonly key: string;

  /**
   * Makes the error.
   * @param slot Slot of the plugin.
   * @param key Key of the plugin.
   */
  constructor(slot: string, key: string) {
    super(`Cannot add ${slot} "${key}": another plugin holds this key`);
    this.slot = slot;
    this.key = key;
  }
}

/**
 * A key that no plugin of the slot has.
 *
 * @example A slip of the finger
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const { known, message } = new UnknownKeyError("head_type", "clamm", ["clam"]);
 * assertEquals(known, ["clam"]);
 * assertEquals(message.includes('did you mean "clam"?'), true);
 * ```
 *
 * @category Errors
 */
export class UnknownKeyError extends RangeError {
  /** Name of the class, which survives a second copy of this package. */
  override name = "UnknownKeyError";
  /** Slot that was asked. */
  readonly slot: string;
  /** Key that was asked for. */
  readonly key: string;
  /** Keys that the slot knows, sorted. */
  readonly known: readonly string[];

  /**
   * Makes the error.
   * @param slot Slot that was asked.
   * @param key Key that was asked for.
   * @param known Keys that the slot knows, sorted.
   */
  constructor(slot: string, key: string, known: readonly string[]) {
    const keys = known.length > 0 ? known.map(quote).join(", ") : "none";
    const hint = didYouMean(key, known) || ".";
    super(`Cannot get ${slot} "${key}": key is not registered${hint} Known keys: ${keys}`);
    this.slot = slot;
    this.key = key;
    this.known = known;
  }
}

/**
 * Renders an issue as one line.
 * @param issue The issue.
 * @returns `path: message`, or the message alone where the path is empty.
 *
 * @example Rendering an issue
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(renderIssue({ path: "data.fold", message: "expected 1" }), "data.fold: expected 1");
 * ```
 */
export function renderIssue(issue: ConfigIssue): string {
  return escapeControls(issue.path === "" ? issue.message : `${issue.path}: ${issue.message}`);
}

/**
 * Finds the name that a user probably meant.
 * @param name What was written.
 * @param known Names to choose from.
 * @returns The nearest name, or `undefined` if none is near.
 *
 * @example A slip of the finger
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(nearest("clamm", ["clam", "classification"]), "clam");
 * assertEquals(nearest("resnet", ["clam", "classification"]), undefined);
 * ```
 */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const wanted = normalise(name);
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of known) {
    const other = normalise(candidate);
    const prefix = wanted.length >= 3 && (other.startsWith(wanted) || wanted.startsWith(other));
    const distance = editDistance(wanted, other);
    const cost = prefix ? Math.min(distance, 1.5) : distance;
    if (cost < bestDistance) [best, bestDistance] = [candidate, cost];
  }
  return best;
}

/**
 * Renders the nearest name as the end of a sentence.
 * @param name What was written.
 * @param known Names to choose from.
 * @returns `, did you mean "x"?`, or the empty string if no name is near.
 *
 * @example The end of a sentence
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(didYouMean("clamm", ["clam"]), ', did you mean "clam"?');
 * ```
 *
 * @category Errors
 */
export function didYouMean(name: string, known: Iterable<string>): string {
  const suggestion = nearest(name, known);
  return suggestion === undefined ? "" : `, did you mean ${quote(suggestion)}?`;
}

/**
 * Puts a name in double quotes.
 * @param name Any text.
 * @returns The text as a JSON string.
 *
 * @example A name with a quote in it
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(quote('a "b"'), '"a \\"b\\""');
 * ```
 *
 * @category Errors
 */
export function quote(name: string): string {
  return JSON.stringify(name).replace(UNSAFE, escapeCharacter);
}

/** What JSON leaves as it is and terminals do not. */
const UNSAFE = /[\p{Cc}\u2028\u2029]/gu;

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function normalise(name: string): string {
  return name.toLowerCase().replaceAll("-", "_");
}

/** Edits between two words: insert, delete, replace, swap neighbours. */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(rows[i - 1][j] + 1, row[j - 1] + 1, replace);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j], rows[i - 2][j - 2] + 1);
      }
    }
    rows.push(row);
  }
  return rows[a.length][b.length];
}
