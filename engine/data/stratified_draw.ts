/**
 * Draws samples of every class as scikit-learn's `StratifiedShuffleSplit` does, so that a fraction of
 * a dataset is the very part that Python draws with the same seed.
 * @module
 */
import { MersenneTwister } from "../mersenne_twister.ts";

/**
 * Draws a share of the samples of each class.
 * @param labels Class of each sample.
 * @param fraction Share of the samples, between 0 and 1.
 * @param seed Seed, `random_state` in Python.
 * @returns Ascending sample indices; `undefined` where scikit-learn refuses to draw: a class has less
 * than two samples, or those drawn or left are fewer than there are classes.
 *
 * @example Four of ten samples
 * ```ts
 * import { stratifiedDraw } from "./stratified_draw.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const labels = Int32Array.of(0, 0, 0, 0, 0, 1, 1, 1, 1, 1);
 * assertEquals(stratifiedDraw(labels, 0.4, 42), Int32Array.of(1, 4, 6, 8));
 * ```
 */
export function stratifiedDraw(
  labels: Int32Array,
  fraction: number,
  seed: number,
): Int32Array<ArrayBuffer> | undefined {
  const classes = samplesOfClasses(labels);
  const counts = classes.map(({ length }) => length);
  const drawn = Math.floor(fraction * labels.length);
  const left = labels.length - drawn;
  if (Math.min(...counts) < 2 || Math.min(drawn, left) < counts.length) return undefined;
  const random = new RandomState(seed);
  const shares = approximateMode(counts, drawn, random);
  approximateMode(counts.map((count, i) => count - shares[i]), left, random);
  const chosen = classes.flatMap((samples, i) =>
    random.permutation(samples.length).slice(0, shares[i]).map((at) => samples[at])
  );
  return Int32Array.from(chosen).sort();
}

/** Ascending samples of each class, classes ascending. */
function samplesOfClasses(labels: Int32Array): number[][] {
  const groups = Map.groupBy(labels.keys(), (sample) => labels[sample]);
  return [...groups.keys()].sort((a, b) => a - b).map((label) => groups.get(label)!);
}

/** Divides draws among classes in proportion; where remainders are equal, chance decides. */
function approximateMode(
  counts: readonly number[],
  draws: number,
  random: RandomState,
): readonly number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const exact = counts.map((count) => count / total * draws);
  const shares = exact.map(Math.floor);
  let missing = Math.trunc(draws - shares.reduce((sum, share) => sum + share, 0));
  const remainders = exact.map((value, i) => value - shares[i]);
  for (const value of [...new Set(remainders)].sort((a, b) => b - a)) {
    if (missing <= 0) break;
    const equal = [...remainders.keys()].filter((i) => remainders[i] === value);
    const added = random.permutation(equal.length).slice(0, Math.min(equal.length, missing));
    for (const at of added) shares[equal[at]]++;
    missing -= added.length;
  }
  return shares;
}

/** What is needed of NumPy's `RandomState`. */
class RandomState {
  readonly #twister: MersenneTwister;

  constructor(seed: number) {
    this.#twister = new MersenneTwister(seed);
  }

  /** The numbers from 0 to below `count`, shuffled. */
  permutation(count: number): number[] {
    const order = Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.#upTo(i);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }

  /** A whole number from 0 to `most`: as many bits as it has, drawn until they are not above. */
  #upTo(most: number): number {
    const shift = Math.clz32(most);
    for (;;) {
      const value = (this.#twister.next() << shift) >>> shift;
      if (value <= most) return value;
    }
  }
}
