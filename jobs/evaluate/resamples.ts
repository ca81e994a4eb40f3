/**
 * Resamples of the bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993): as
 * many patients, or samples, as there are, drawn with replacement.
 * @module
 */
import { deriveSeed, Random } from "../../engine/random.ts";

/** What is drawn. */
export interface Units {
  /** What the units are. */
  readonly unit: "patients" | "samples";
  /** Number of units. */
  readonly count: number;
  /** The unit that each sample belongs to. */
  readonly of: Int32Array;
}

/** How many resamples are drawn, from which seed. */
export interface ResampleOptions {
  /** Number of resamples. */
  readonly resamples: number;
  /** Seed of the draws. */
  readonly seed: number;
}

/**
 * Numbers the units that samples belong to, by first appearance.
 * @param unit What the units are.
 * @param names Name of each sample's unit.
 * @returns The units.
 *
 * @example Two samples of one patient
 * ```ts
 * import { unitsOf } from "./resamples.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { count, of } = unitsOf("patients", ["b", "a", "b"]);
 * assertEquals([count, ...of], [2, 0, 1, 0]);
 * ```
 */
export function unitsOf(unit: Units["unit"], names: readonly string[]): Units {
  const indices = new Map<string, number>();
  const of = Int32Array.from(names, (name) => {
    const index = indices.get(name) ?? indices.size;
    indices.set(name, index);
    return index;
  });
  return { unit, count: indices.size, of };
}

/**
 * Draws units with replacement.
 * @param count Number of units, and of draws per resample.
 * @param options How many resamples, from which seed.
 * @yields Indices of the drawn units; the array is filled anew for the next resample.
 *
 * @example The same seed draws the same units
 * ```ts
 * import { drawUnits } from "./resamples.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const draw = () => [...drawUnits(5, { resamples: 2, seed: 0 })].flatMap((each) => [...each]);
 * assertEquals(draw(), draw());
 * assertEquals(draw().length, 10);
 * ```
 */
export function* drawUnits(
  count: number,
  { resamples, seed }: ResampleOptions,
): Generator<Int32Array, void, void> {
  const random = new Random(deriveSeed(seed, "bootstrap"));
  const drawn = new Int32Array(count);
  for (let resample = 0; resample < resamples; resample++) {
    for (let i = 0; i < count; i++) drawn[i] = random.integer(count);
    yield drawn;
  }
}

/**
 * Counts how often resamples hold each sample: as often as its unit was drawn.
 * @param units What is drawn.
 * @param options How many resamples, from which seed.
 * @yields One count per sample; the array is filled anew for the next resample.
 *
 * @example Samples of one patient come together
 * ```ts
 * import { countDraws, unitsOf } from "./resamples.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const units = unitsOf("patients", ["b", "a", "b"]);
 * for (const [first, second, third] of countDraws(units, { resamples: 9, seed: 0 })) {
 *   assertEquals([first, first + second], [third, 2]);
 * }
 * ```
 */
export function* countDraws(
  { count, of }: Units,
  options: ResampleOptions,
): Generator<Int32Array, void, void> {
  const [ofUnits, ofSamples] = [new Int32Array(count), new Int32Array(of.length)];
  for (const drawn of drawUnits(count, options)) {
    ofUnits.fill(0);
    for (let i = 0; i < count; i++) ofUnits[drawn[i]]++;
    for (let i = 0; i < of.length; i++) ofSamples[i] = ofUnits[of[i]];
    yield ofSamples;
  }
}
