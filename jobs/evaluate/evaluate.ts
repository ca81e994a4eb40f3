/**
 * Evaluates the predictions of a split: metrics with bootstrap intervals, numbers by class,
 * confusion, calibration, curves, residuals.
 * @module
 */
import type { Predictions } from "../../engine/data/predictions.ts";
import { countDecisions, decide } from "../../engine/metrics/decisions.ts";
import { rankSamples } from "../../engine/metrics/ranked_classes.ts";
import type { MetricInput } from "../../registry/plugin.ts";
import { type Registry, registry } from "../../registry/registry.ts";
import { bootstrap, type IntervalOptions } from "./_bootstrap.ts";
import {
  calibrationOfClasses,
  calibrationOfLabels,
  confusionRows,
  describeClasses,
  measureClasses,
} from "./_classes.ts";
import { precisionRecallCurves, rocCurves } from "./_curves.ts";
import { measureMetrics } from "./_metrics.ts";
import { describeResiduals } from "./_residuals.ts";
import { nameOf, samplesOf } from "./_samples.ts";
import type { Evaluation, EvaluationBase } from "./evaluation.ts";
import { type Units, unitsOf } from "./resamples.ts";

export { DEFAULT_METRICS } from "./_metrics.ts";

/**
 * What is computed, and how.
 * @category Evaluation
 */
export interface EvaluateOptions {
  /**
   * Keys of metrics; those that suit the targets where not given. Of two metrics that are logged
   * under one name, the first one counts.
   */
  readonly metrics?: readonly string[];
  /** Number of resamples. @default {1000} */
  readonly resamples?: number;
  /** Seed of the draws: the same seed draws the same patients or samples. @default {0} */
  readonly seed?: number;
  /** Share of the resamples within an interval. @default {0.95} */
  readonly level?: number;
  /** Where metrics are looked up; the registry of built-in plugins where not given. */
  readonly registry?: Registry;
}

/**
 * Evaluates predictions. Intervals are percentiles of a bootstrap, which draws patients with all of
 * their samples where patients are known, and samples otherwise (Efron and Tibshirani, "An
 * Introduction to the Bootstrap", 1993). Resamples in which a number is not defined are left out of
 * its interval and counted.
 *
 * @param predictions Predictions of a split, with labels.
 * @param options What is computed, and how.
 * @returns Plain data, fit for JSON.
 * @throws {DataError} if there are no labels, or if a score is not a probability (regression: not a
 *   number); `index` is that of the sample.
 * @throws {UnknownKeyError} if no metric has a key.
 * @throws {ConfigError} if a metric is not defined for the targets.
 * @throws {RangeError} if the number of resamples, the seed or the level is out of range.
 *
 * @example Six samples of three patients
 * ```ts
 * import { evaluatePredictions } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const evaluation = evaluatePredictions({
 *   task: "Classification",
 *   subtask: "multiclass",
 *   numClasses: 2,
 *   classNames: ["benign", "malignant"],
 *   ids: ["s1", "s2", "s3", "s4", "s5", "s6"],
 *   patients: ["a", "a", "b", "b", "c", "c"],
 *   labels: { values: Int32Array.of(0, 0, 1, 1, 0, 1), width: 1 },
 *   scores: Float32Array.of(0.9, 0.1, 0.8, 0.2, 0.3, 0.7, 0.6, 0.4, 0.7, 0.3, 0.1, 0.9),
 * }, { metrics: ["acc", "auroc"] });
 * assertEquals(evaluation.metrics.Accuracy, {
 *   value: 5 / 6,
 *   low: 0.5,
 *   high: 1,
 *   undefined: 0,
 * });
 * assertEquals(evaluation.bootstrap.unit, "patients");
 * ```
 *
 * @category Evaluation
 */
export function evaluatePredictions(
  predictions: Predictions,
  options: EvaluateOptions = {},
): Evaluation {
  const { ids, patients } = predictions;
  const samples = samplesOf(predictions);
  const units = patients === undefined
    ? { unit: "samples" as const, count: ids.length, of: Int32Array.from(ids, (_, i) => i) }
    : unitsOf("patients", patients);
  return evaluateUnits(predictions, samples, units, options);
}

/**
 * Evaluates predictions whose resamples draw the given units.
 * @param predictions Predictions of a split.
 * @param samples The same as predictions and targets.
 * @param units What is drawn.
 * @param options What is computed, and how.
 * @throws as {@linkcode evaluatePredictions} does.
 */
export function evaluateUnits(
  predictions: Predictions,
  samples: MetricInput,
  units: Units,
  options: EvaluateOptions,
): Evaluation {
  const intervals = intervalOptions(options);
  const metrics = measureMetrics(options.metrics, samples, options.registry ?? registry);
  const facts = (estimates: EvaluationBase["metrics"]): EvaluationBase => ({
    n: {
      samples: samples.count,
      ...(predictions.patients && { patients: new Set(predictions.patients).size }),
    },
    bootstrap: { unit: units.unit, units: units.count, ...intervals },
    metrics: estimates,
  });
  const { subtask } = predictions;
  if (subtask === "regression") {
    const [estimates] = bootstrap([metrics], units, intervals);
    return { subtask, ...facts(estimates), residuals: describeResiduals(predictions, samples) };
  }
  const [decided, ranked] = [decide(samples), rankSamples(samples)];
  const measures = [metrics, measureClasses(decided, ranked)];
  const [estimates, byClass] = bootstrap(measures, units, intervals);
  const decisions = countDecisions(decided);
  const shared = {
    ...facts(estimates),
    per_class: describeClasses(predictions, decisions, byClass),
    curves: {
      roc: rocCurves(predictions, ranked),
      pr: precisionRecallCurves(predictions, ranked),
    },
  };
  if (subtask === "multiclass") {
    const [confusion, calibration] = [confusionRows(decided), calibrationOfClasses(samples)];
    return { subtask, ...shared, confusion, calibration };
  }
  return {
    subtask,
    ...shared,
    confusion: decisions.classes.map(({ tp, fp, fn, tn }) => [[tn, fp], [fn, tp]]),
    calibration: calibrationOfLabels(samples).map((each, c) => ({
      name: nameOf(predictions, c),
      ...each,
    })),
  };
}

function intervalOptions(options: EvaluateOptions): IntervalOptions {
  const { resamples = 1000, seed = 0, level = 0.95 } = options;
  if (!Number.isSafeInteger(resamples) || resamples < 1) {
    refuse("resamples", resamples, "an integer of at least 1");
  }
  if (!Number.isSafeInteger(seed)) refuse("seed", seed, "an integer");
  if (!(level > 0 && level < 1)) refuse("level", level, "a number between 0 and 1");
  return { resamples, seed, level };
}

function refuse(name: string, value: number, expected: string): never {
  throw new RangeError(`Cannot evaluate predictions: ${name} is ${value}, expected ${expected}`);
}
