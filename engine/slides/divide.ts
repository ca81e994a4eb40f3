/**
 * Divides patients: all samples of a patient come to the same side, and classes keep their
 * proportions as far as whole patients allow.
 * @module
 */
import { deriveSeed, Random } from "../random.ts";

/**
 * A patient, or whatever else must not be divided.
 */
export interface Group {
  /** What it is called. */
  readonly id: string;
  /** Its samples of each class; of several binary targets, those that are positive. */
  readonly counts: readonly number[];
}

/**
 * Assigns groups to folds: the largest and most uneven first, each to the fold that leaves the
 * classes most even among folds (the rule of scikit-learn's `StratifiedGroupKFold`).
 * @param groups The groups.
 * @param folds Number of folds.
 * @param seed Seed of the order of groups that are alike.
 * @returns The fold of each group, 0 to `folds - 1`.
 * @throws {RangeError} if there are fewer than 2 folds or fewer groups than folds.
 *
 * @example Four patients, two folds
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const groups = ["a", "b", "c", "d"].map((id, at) => ({ id, counts: at < 2 ? [1, 0] : [0, 1] }));
 * const folds = groupFolds(groups, 2, 0);
 * assertEquals([folds[0] + folds[1], folds[2] + folds[3]], [1, 1]);
 * ```
 */
export function groupFolds(
  groups: readonly Group[],
  folds: number,
  seed: number,
): Int32Array<ArrayBuffer> {
  if (!Number.isInteger(folds) || folds < 2 || folds > groups.length) {
    throw new RangeError(
      `Cannot divide ${groups.length} patients into ${folds} folds: expected 2 to ` +
        `${groups.length} folds`,
    );
  }
  const order = shuffled(groups.length, deriveSeed(seed, "folds"));
  const spread = groups.map(({ counts }) => deviation(counts));
  order.sort((a, b) => spread[b] - spread[a]);
  const width = groups[0].counts.length;
  const totals = Array.from(
    { length: width },
    (_, at) => Math.max(1, groups.reduce((sum, { counts }) => sum + counts[at], 0)),
  );
  const held = Array.from({ length: folds }, () => new Float64Array(width));
  const sizes = new Float64Array(folds);
  const assigned = new Int32Array(groups.length);
  for (const [place, group] of order.entries()) {
    const left = groups.length - place;
    const empty = sizes.reduce((count, size) => count + Number(size === 0), 0);
    const { counts } = groups[group];
    let [best, least, smallest] = [-1, Infinity, Infinity];
    for (let fold = 0; fold < folds; fold++) {
      // No fold stays without a patient.
      if (empty >= left && sizes[fold] > 0) continue;
      const uneven = unevenness(held, totals, { fold, counts });
      if (uneven > least + 1e-12) continue;
      if (uneven > least - 1e-12 && sizes[fold] >= smallest) continue;
      [best, least, smallest] = [fold, uneven, sizes[fold]];
    }
    assigned[group] = best;
    sizes[best]++;
    counts.forEach((count, at) => held[best][at] += count);
  }
  return assigned;
}

/** Mean over classes of how their shares differ among folds, with a group in one of them. */
function unevenness(
  held: readonly Float64Array[],
  totals: readonly number[],
  { fold, counts }: { readonly fold: number; readonly counts: readonly number[] },
): number {
  let sum = 0;
  for (const [at, total] of totals.entries()) {
    const shares = held.map((each, index) =>
      (each[at] + (index === fold ? counts[at] : 0)) / total
    );
    sum += deviation(shares);
  }
  return sum / totals.length;
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

function shuffled(length: number, seed: number): Int32Array<ArrayBuffer> {
  const order = Int32Array.from({ length }, (_, index) => index);
  new Random(seed).shuffle(order);
  return order;
}

/**
 * Chooses parts of the groups, for example for validation and test: from each kind of group, by
 * what its samples are, in proportion.
 * @param groups The groups.
 * @param fractions Share of the groups in each part; what they leave is the rest.
 * @param seed Seed of the choice.
 * @returns The part of each group, counted from 0; -1 for the rest.
 * @throws {RangeError} if the parts leave no group as the rest.
 *
 * @example A fifth of ten patients
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const groups = Array.from({ length: 10 }, (_, at) => ({ id: `${at}`, counts: [at % 2, 1 - at % 2] }));
 * const parts = groupParts(groups, [0.2], 0);
 * assertEquals([...parts].filter((part) => part === 0).length, 2);
 * ```
 */
export function groupParts(
  groups: readonly Group[],
  fractions: readonly number[],
  seed: number,
): Int32Array<ArrayBuffer> {
  const parts = new Int32Array(groups.length).fill(-1);
  const order = shuffled(groups.length, deriveSeed(seed, "parts"));
  // Kinds stand in the order of the groups, whatever the shuffle.
  const kinds = new Map<string, number[]>(groups.map((group) => [kindOf(group), []]));
  for (const index of order) kinds.get(kindOf(groups[index]))!.push(index);
  const sizes = [...kinds.values()].map((members) => members.length);
  const used = sizes.map(() => 0);
  fractions.forEach((fraction, part) => {
    const count = fraction === 0 ? 0 : Math.max(1, Math.round(fraction * groups.length));
    const left = sizes.map((size, at) => size - used[at]);
    const shares = allot({ sizes, left, count });
    [...kinds.values()].forEach((members, at) => {
      for (const index of members.slice(used[at], used[at] + shares[at])) parts[index] = part;
      used[at] += shares[at];
    });
  });
  if (groups.length === 0 || parts.includes(-1)) return parts;
  const wanted = fractions.join(" and ");
  throw new RangeError(`Cannot choose ${wanted} of ${groups.length} patients: none is left`);
}

/** What decides how a group is treated: which classes it has, not how many samples. */
function kindOf({ counts }: Group): string {
  return counts.map((count) => Number(count > 0)).join();
}

/** Divides `count` in proportion to `sizes` by largest remainder, at most `left` of each. */
function allot({ sizes, left, count }: {
  readonly sizes: readonly number[];
  readonly left: readonly number[];
  readonly count: number;
}): number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const wanted = sizes.map((size) => count * size / total);
  const shares = wanted.map((share, at) => Math.min(left[at], Math.floor(share)));
  const order = wanted.map((share, at) => ({ at, rest: share - Math.floor(share) }))
    .sort((a, b) => b.rest - a.rest || a.at - b.at);
  let missing = count - shares.reduce((sum, share) => sum + share, 0);
  while (missing > 0) {
    const before = missing;
    for (const { at } of order) {
      if (missing === 0 || shares[at] >= left[at]) continue;
      shares[at]++;
      missing--;
    }
    if (missing === before) break;
  }
  return shares;
}
