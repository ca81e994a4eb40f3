/** Registered metrics, on all samples and on resamples. */
import { createFrom } from "../../registry/builder/create.ts";
import { selectedPlugins } from "../../registry/config/selected.ts";
import type { MetricInput, ResampledMetric, Resampler, Subtask } from "../../registry/plugin.ts";
import type { Registry } from "../../registry/registry.ts";
import { SLOTS } from "../../registry/slots.ts";
import type { Measure } from "./_bootstrap.ts";

const CLASSIFICATION = [
  "acc",
  "balanced_acc",
  "f1",
  "pr",
  "specificity",
  "mcc",
  "auroc",
  "ap",
  "logloss",
  "brier",
  "ece",
] as const;

/** Metrics that are computed where none are asked for, as far as they are registered. */
export const DEFAULT_METRICS: Readonly<Record<Subtask, readonly string[]>> = {
  multiclass: CLASSIFICATION,
  multilabel: CLASSIFICATION,
  regression: ["mae", "mse", "r2", "pearson"],
};

/**
 * Prepares metrics.
 * @param keys Keys of the metrics; those of {@linkcode DEFAULT_METRICS} where not given.
 * @param samples Predictions and targets.
 * @param registry Where metrics are looked up.
 * @returns All their numbers; of two that are logged under one name, the first metric's.
 * @throws {UnknownKeyError} if no metric has a key.
 * @throws {ConfigError} if a metric is not defined for the targets.
 */
export function measureMetrics(
  keys: readonly string[] | undefined,
  samples: MetricInput,
  registry: Registry,
): Measure {
  const { section, field } = SLOTS.metric;
  const defaults = DEFAULT_METRICS[samples.subtask].filter((key) => registry.has("metric", key));
  const config = { [section]: { [field]: [...new Set(keys ?? defaults)] } };
  const values: Record<string, number> = {};
  const resamplers = selectedPlugins(config, "metric", registry).map(({ plugin, options }) => {
    const metric = createFrom(plugin, options, samples);
    for (const [name, value] of Object.entries(collect(metric, samples))) values[name] ??= value;
    return metric.resampler?.(samples) ?? collectResamples(metric, samples);
  });
  return {
    values,
    resample: (counts) => {
      const found = resamplers.map((resample) => resample(counts));
      return Object.assign({}, ...found.reverse());
    },
  };
}

function collect(metric: ResampledMetric, samples: MetricInput): Readonly<Record<string, number>> {
  const accumulator = metric.accumulator();
  accumulator.update(samples);
  return accumulator.compute();
}

/** Resamples a metric that knows no faster way: it gets each sample as often as it was drawn. */
function collectResamples(metric: ResampledMetric, samples: MetricInput): Resampler {
  return (counts) => collect(metric, repeat(samples, counts));
}

function repeat(samples: MetricInput, counts: Int32Array): MetricInput {
  const { numClasses, scores, labels } = samples;
  const width = labels.length / samples.count;
  const count = counts.reduce((sum, each) => sum + each, 0);
  const drawn = {
    scores: new Float32Array(count * numClasses),
    labels: new (labels instanceof Int32Array ? Int32Array : Float32Array)(count * width),
  };
  let at = 0;
  for (let i = 0; i < counts.length; i++) {
    const row = scores.subarray(i * numClasses, (i + 1) * numClasses);
    const targets = labels.subarray(i * width, (i + 1) * width);
    for (let k = 0; k < counts[i]; k++, at++) {
      drawn.scores.set(row, at * numClasses);
      drawn.labels.set(targets, at * width);
    }
  }
  return { ...samples, count, ...drawn };
}
