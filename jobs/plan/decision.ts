/**
 * What a plan decides, field by field.
 * @module
 */
import { getAt, type PlainObject, setAt, splitPath } from "../../registry/config/objects.ts";

/**
 * A field of the config, what a plan set it to, and why.
 * @category Plans
 */
export interface Decision {
  /** Dotted path of the field. */
  readonly path: string;
  /** Its value. */
  readonly value: unknown;
  /** Why this value. */
  readonly reason: string;
}

/**
 * Writes decisions into a tree, except for fields that somebody has set.
 * @param tree The tree, changed in place.
 * @param decisions The decisions.
 * @returns Those that were written.
 *
 * @example A user's own number of epochs
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const tree: Record<string, unknown> = { training: { epochs: 3 } };
 * const decided = ["training.epochs", "training.seed"].map((path) => ({ path, value: 0, reason: "" }));
 * assertEquals(decide(tree, decided).map(({ path }) => path), ["training.seed"]);
 * assertEquals(tree, { training: { epochs: 3, seed: 0 } });
 * ```
 */
export function decide(tree: PlainObject, decisions: readonly Decision[]): Decision[] {
  return decisions.filter(({ path, value }) => {
    const names = splitPath(path);
    return getAt(tree, names) === undefined && setAt(tree, names, value);
  });
}
