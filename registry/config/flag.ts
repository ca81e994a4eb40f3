/**
 * A flag of the command line, as it was written.
 * @module
 */
import { splitPath } from "./objects.ts";

/**
 * One flag as it was written: where, and what.
 * @category Configs
 */
export interface Flag {
  /** Names from the root of the config tree down. */
  readonly path: readonly string[];
  /** The words after the flag. */
  readonly values: readonly string[];
}

/**
 * Makes a flag.
 * @param path Dotted path of the field.
 * @param values The words after the flag.
 * @returns The flag.
 *
 * @example The flag `--training.epochs 3`
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(flag("training.epochs", "3"), { path: ["training", "epochs"], values: ["3"] });
 * ```
 *
 * @category Configs
 */
export function flag(path: string, ...values: readonly string[]): Flag {
  return { path: splitPath(path), values };
}
