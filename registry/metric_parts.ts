/**
 * What the contract of metrics adds to what training asks of them.
 * @module
 */
import type { Metric, MetricInput } from "../engine/train/interfaces.ts";

/**
 * Computes a metric of a resample: of the same samples, some of them left out, some repeated.
 * @param counts How often each sample occurs; the array is filled anew for the next resample.
 * @returns Values by logged name, those of an accumulator that got each sample so often.
 * @category Metrics
 */
export type Resampler = (counts: Int32Array) => Readonly<Record<string, number>>;

/**
 * A metric that may have a faster way to the same numbers for the bootstrap, which asks for them a
 * thousand times.
 * @category Metrics
 */
export interface ResampledMetric extends Metric {
  /**
   * Prepares resampling, for example by sorting once; absent where each resample goes through an
   * accumulator.
   * @param samples Predictions and targets of all samples, which stay as they are.
   * @returns The metric of any resample.
   */
  resampler?(samples: MetricInput): Resampler;
}
