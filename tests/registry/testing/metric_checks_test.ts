import type {
  Metric,
  MetricInput,
  MetricPlugin,
  ResampledMetric,
} from "../../../registry/plugin.ts";
import { assertFails, plain } from "./_broken.ts";

const TARGETS = "accepts the targets that it names, and refuses others";
const VALUES = "gives finite values under steady names";
const DIVISION = "does not depend on order, batches and other splits";
const RESAMPLING = "resamples as its accumulator does";
const INPUT = "leaves its input alone, and does not keep it";
const DIRECTION = "rates right predictions above wrong ones";
const SOFT = "takes multilabel targets between 0 and 1";

/** Mean absolute distance of the scores from the targets. */
function distance(
  { subtask, numClasses, scores, labels, count }: MetricInput,
): number {
  const target = (i: number) =>
    subtask === "multiclass"
      ? Number(labels[Math.floor(i / numClasses)] === i % numClasses)
      : labels[i];
  const sum = scores.reduce((sum, score, i) => sum + Math.abs(score - target(i)), 0);
  return count === 0 ? 0 : sum / count;
}

/** A metric that sums up over batches, right or wrong. */
function summing(parts: {
  readonly of?: (batch: MetricInput) => number;
  readonly weight?: (batch: MetricInput) => number;
  readonly higher?: boolean;
  readonly name?: (samples: number) => string;
  readonly shared?: boolean;
}): Metric {
  const { of = distance, weight = ({ count }) => count, higher = false } = parts;
  const { name = () => "Distance", shared = false } = parts;
  const common = { total: 0, samples: 0 };
  return {
    higherIsBetter: higher,
    accumulator() {
      const sums = shared ? common : { total: 0, samples: 0 };
      return {
        update(batch) {
          sums.total += of(batch) * weight(batch);
          sums.samples += weight(batch);
        },
        compute: () => ({ [name(sums.samples)]: sums.total / sums.samples }),
      };
    },
  };
}

Deno.test("metricChecks accept a mean of distances", async () => {
  await assertFails(plain("metric", () => summing({})), {});
});

Deno.test("metricChecks find a metric whose subtasks are not those that it accepts", async () => {
  const open: MetricPlugin = {
    ...plain("metric", () => summing({})),
    subtasks: ["multiclass"],
  };
  await assertFails(open, {
    [TARGETS]: /^its subtasks are multiclass, it accepts multiclass,multilabel,regression$/,
  });
  const closed: MetricPlugin = {
    ...plain("metric", (_, { subtask }) => {
      if (subtask !== "regression") throw new RangeError("no");
      return summing({});
    }),
    subtasks: ["regression", "multilabel"],
  };
  await assertFails(closed, { [TARGETS]: /it accepts regression$/ });
  const none = plain("metric", () => {
    throw new RangeError("no");
  });
  await assertFails(none, { [TARGETS]: /^it refuses all targets$/ });
});

Deno.test("metricChecks find values that are NaN, or called otherwise from time to time", async () => {
  const broken = plain("metric", () => summing({ name: () => "mean distance" }));
  await assertFails(broken, { [VALUES]: /^a value is called "mean distance", expected one word$/ });
  const changing = plain("metric", () => summing({ name: (n) => n > 2 ? "Far" : "Near" }));
  await assertFails(changing, { [VALUES]: /^values are called Far, for two samples Near$/ });
  const nan = plain("metric", () => summing({ of: () => NaN }));
  await assertFails(nan, {
    [VALUES]: /^Distance is NaN for multiclass targets$/,
    [DIRECTION]: /^right predictions get/,
  });
});

Deno.test("metricChecks find a mean over batches of different size", async () => {
  const unweighted = plain("metric", () => summing({ weight: () => 1 }));
  await assertFails(unweighted, { [DIVISION]: /^Distance is \S+, in three batches/ });
});

Deno.test("metricChecks find accumulators that share what they collect", async () => {
  const shared = plain("metric", () => summing({ shared: true }));
  await assertFails(shared, { [DIVISION]: /beside another accumulator \S+$/ });
});

Deno.test("metricChecks find a metric that changes or keeps the arrays of a batch", async () => {
  const changing = plain("metric", () => {
    const of = (batch: MetricInput) => {
      const found = distance(batch);
      batch.scores.fill(0);
      return found;
    };
    return summing({ of });
  });
  await assertFails(changing, {
    [DIVISION]: /^Distance is/,
    [INPUT]: /^it changes the arrays of the batch$/,
  });
  const keeping = plain("metric", () => ({
    higherIsBetter: false,
    accumulator() {
      const batches: MetricInput[] = [];
      return {
        update: (batch) => void batches.push(batch),
        compute() {
          const samples = batches.reduce((sum, { count }) => sum + count, 0);
          const sum = batches.reduce((sum, batch) => sum + distance(batch) * batch.count, 0);
          return { Distance: sum / samples };
        },
      };
    },
  }));
  await assertFails(keeping, { [INPUT]: /when the batch's arrays are used again/ });
});

Deno.test("metricChecks find a metric that prefers wrong predictions", async () => {
  const upside = plain("metric", () => summing({ higher: true }));
  await assertFails(upside, {
    [DIRECTION]: /^right predictions get .*, higherIsBetter is true$/,
  });
  const blind = plain("metric", () => summing({ of: () => 0.5 }));
  await assertFails(blind, { [DIRECTION]: /^right predictions get/ });
});

Deno.test("metricChecks find a metric that refuses soft targets, or counts them otherwise", async () => {
  const strict = plain("metric", () => {
    const of = (batch: MetricInput) => {
      const soft = batch.labels.some((label) => !Number.isInteger(label));
      if (batch.subtask === "multilabel" && soft) throw new RangeError("expected 0 or 1");
      return distance(batch);
    };
    return summing({ of });
  });
  await assertFails(strict, { [SOFT]: /^it refuses targets of 0.1 and 0.9: .*expected 0 or 1$/ });
  const wrong = plain("metric", () => ({ ...summing({}), targetThreshold: 0.5 }));
  await assertFails(wrong, { [SOFT]: /^Distance is \S+, for targets beyond its targetThreshold/ });
});

Deno.test("metricChecks find a resampler that disagrees with the accumulator", async () => {
  const resampling = (weigh: (count: number) => number, name = "Distance"): ResampledMetric => ({
    ...summing({}),
    resampler(samples) {
      const { numClasses, scores, labels } = samples;
      const width = labels.length / samples.count;
      const distances = Array.from({ length: samples.count }, (_, i) =>
        distance({
          ...samples,
          count: 1,
          scores: scores.subarray(i * numClasses, (i + 1) * numClasses),
          labels: labels.subarray(i * width, (i + 1) * width),
        }));
      return (counts) => {
        const weights = Array.from(counts, weigh);
        const sum = distances.reduce((sum, each, i) => sum + weights[i] * each, 0);
        return { [name]: sum / weights.reduce((a, b) => a + b) };
      };
    },
  });
  const once = (count: number) => Math.min(count, 1);
  await assertFails(plain("metric", () => resampling((count) => count)), {});
  await assertFails(plain("metric", () => resampling(once)), {
    [RESAMPLING]: /^Distance is \S+, of a resample \S+$/,
  });
  await assertFails(plain("metric", () => resampling((count) => count, "Far")), {
    [RESAMPLING]: /^values of a resample are called Far, expected Distance$/,
  });
});
