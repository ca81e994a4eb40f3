/**
 * Divides a split: a part of it (`data_fraction`), and folds for cross validation. Both keep the
 * proportions of the classes.
 * @module
 */
import { deriveSeed, Random } from "../random.ts";
import type { Labels } from "./data.ts";

/** How {@linkcode selectFraction} chooses. */
export interface FractionOptions {
  /** Seed of the choice. */
  readonly seed: number;
  /** Keep class proportions; has no effect where labels are not class indices. @default {true} */
  readonly stratified?: boolean;
}

/**
 * Selects some samples of a split. With one seed, growing fractions select growing sets wherever
 * the classes' shares grow, so that learning curves compare like with like.
 *
 * @param labels Targets of the split.
 * @param fraction A share in (0, 1], or a whole number of samples above 1.
 * @param options Seed, and whether class proportions are kept: by largest remainder, and with at
 * least one sample of each class if as many samples are selected as there are classes.
 * @returns Ascending sample indices, at least one.
 * @throws {RangeError} if `fraction` is neither, or more than there are samples.
 *
 * @example Half of the samples, or four of them
 * ```ts
 * import { selectFraction } from "./selection.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const labels = { values: Int32Array.of(0, 0, 0, 0, 0, 0, 1, 1), width: 1 };
 * const half = selectFraction(labels, 0.5, { seed: 0 });
 * assertEquals([...half].map((sample) => labels.values[sample]), [0, 0, 0, 1]);
 * assertEquals(selectFraction(labels, 4, { seed: 0 }), half);
 * ```
 */
export function selectFraction(
  labels: Labels,
  fraction: number,
  options: FractionOptions,
): Int32Array<ArrayBuffer> {
  const { seed, stratified = true } = options;
  const length = labels.values.length / labels.width;
  const count = selectedCount(length, fraction);
  const groups = stratified ? groupByClass(labels) : [allSamples(length)];
  const shares = allot(groups.map((group) => group.length), count);
  const selected = new Int32Array(count);
  let filled = 0;
  groups.forEach((group, i) => {
    new Random(deriveSeed(seed, "fraction", i)).shuffle(group);
    selected.set(group.subarray(0, shares[i]), filled);
    filled += shares[i];
  });
  return selected.sort();
}

function selectedCount(length: number, fraction: number): number {
  if (fraction > 0 && fraction <= 1 && length > 0) {
    return Math.max(1, Math.round(fraction * length));
  }
  if (Number.isInteger(fraction) && fraction > 1 && fraction <= length) return fraction;
  throw new RangeError(
    `Cannot select ${fraction} of ${length} samples: ` +
      "expected a share in (0, 1] or a whole number of samples that exist",
  );
}

/**
 * Assigns each sample to one of `folds` folds. Folds differ by at most one sample, in total and
 * within each class; classes with fewer samples than folds are missing from some folds. Targets
 * that are not class indices are divided at random.
 *
 * @param labels Targets of the split.
 * @param folds Number of folds, at least 2.
 * @param seed Seed of the assignment.
 * @returns The fold of each sample, 0 to `folds - 1`.
 * @throws {RangeError} if there are fewer than 2 folds or fewer samples than folds.
 *
 * @example
 * ```ts
 * import { stratifiedFolds } from "./selection.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const labels = { values: Int32Array.of(0, 0, 1, 1), width: 1 };
 * const folds = stratifiedFolds(labels, 2, 42);
 * assertEquals(folds[0] + folds[1], 1);
 * assertEquals(folds[2] + folds[3], 1);
 * ```
 */
export function stratifiedFolds(
  labels: Labels,
  folds: number,
  seed: number,
): Int32Array<ArrayBuffer> {
  const length = labels.values.length / labels.width;
  if (!Number.isInteger(folds) || folds < 2 || folds > length) {
    throw new RangeError(
      `Cannot divide ${length} samples into ${folds} folds: expected 2 to ${length} folds`,
    );
  }
  const assigned = new Int32Array(length);
  // Dealt like cards; each class goes on where the one before it stopped.
  let dealt = 0;
  groupByClass(labels).forEach((group, i) => {
    new Random(deriveSeed(seed, "folds", i)).shuffle(group);
    for (const sample of group) assigned[sample] = dealt++ % folds;
  });
  return assigned;
}

function allSamples(length: number): Int32Array<ArrayBuffer> {
  return Int32Array.from({ length }, (_, sample) => sample);
}

/** Sample indices of each class, classes ascending; one group if labels are not class indices. */
function groupByClass(labels: Labels): Int32Array<ArrayBuffer>[] {
  const { values, width } = labels;
  if (!(values instanceof Int32Array)) return [allSamples(values.length / width)];
  const groups = new Map<number, number[]>();
  values.forEach((label, sample) => {
    const group = groups.get(label);
    if (group) group.push(sample);
    else groups.set(label, [sample]);
  });
  const classes = [...groups.keys()].sort((a, b) => a - b);
  return classes.map((label) => Int32Array.from(groups.get(label)!));
}

/** Divides `count` in proportion to `sizes`: largest remainder, none empty if it can be avoided. */
function allot(sizes: readonly number[], count: number): number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const shares = sizes.map((size) => Math.floor(count * size / total));
  const remainders = sizes.map((size, i) => ({ i, rest: count * size / total - shares[i] }));
  remainders.sort((a, b) => b.rest - a.rest || a.i - b.i);
  const left = count - shares.reduce((sum, share) => sum + share, 0);
  for (const { i } of remainders.slice(0, left)) shares[i]++;
  if (count < sizes.length) return shares;
  for (let empty = shares.indexOf(0); empty >= 0; empty = shares.indexOf(0)) {
    shares[shares.indexOf(Math.max(...shares))]--;
    shares[empty]++;
  }
  return shares;
}
