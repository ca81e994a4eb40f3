/** Numbers of a split with percentile intervals of the bootstrap. */
import type { Estimate } from "./evaluation.ts";
import { countDraws, type ResampleOptions, type Units } from "./resamples.ts";
import { finite, quantile } from "./_numbers.ts";

/** Numbers by name, of all samples and of resamples. */
export interface Measure {
  /** The numbers on all samples; NaN where one is not defined. */
  readonly values: Readonly<Record<string, number>>;
  /** The same numbers of a resample. */
  readonly resample: (counts: Int32Array) => Readonly<Record<string, number>>;
}

/** How intervals are made. */
export interface IntervalOptions extends ResampleOptions {
  /** Share of the resamples within an interval. */
  readonly level: number;
}

/**
 * Computes intervals; all numbers are of the same resamples.
 * @param measures What is computed.
 * @param units What is drawn.
 * @param options How many resamples, seed and level.
 * @returns Estimates by name, measure by measure.
 */
export function bootstrap(
  measures: readonly Measure[],
  units: Units,
  options: IntervalOptions,
): Readonly<Record<string, Estimate>>[] {
  const names = measures.map(({ values }) => Object.keys(values));
  const drawn = names.map((each) => each.map(() => new Float64Array(options.resamples)));
  let at = 0;
  for (const counts of countDraws(units, options)) {
    for (let m = 0; m < measures.length; m++) {
      const values = measures[m].resample(counts);
      for (let k = 0; k < names[m].length; k++) drawn[m][k][at] = values[names[m][k]] ?? NaN;
    }
    at++;
  }
  return measures.map(({ values }, m) =>
    Object.fromEntries(
      names[m].map((name, k) => [name, estimate(values[name], drawn[m][k], units, options.level)]),
    )
  );
}

/** Percentiles of those resamples in which the number is defined. */
function estimate(value: number, drawn: Float64Array, units: Units, level: number): Estimate {
  const defined = drawn.filter((each) => !Number.isNaN(each)).sort();
  const none = units.count < 2 || defined.length === 0;
  const end = (share: number) => none ? null : finite(quantile(defined, share));
  return {
    value: finite(value),
    low: end((1 - level) / 2),
    high: end((1 + level) / 2),
    undefined: drawn.length - defined.length,
  };
}
