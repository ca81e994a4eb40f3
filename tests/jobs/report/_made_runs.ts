/** Run directories with made-up predictions, for tests of reports. */
import { join } from "node:path";
import type { Predictions } from "../../../engine/data/predictions.ts";
import { Random } from "../../../engine/random.ts";
import { writePredictions } from "../../../jobs/predict/write_predictions.ts";
import { type RunFacts, writeRun } from "../runs/_runs.ts";

/** Predictions of classes, right more often than not. */
export function madeClasses(
  count: number,
  numClasses: number,
  others: Partial<Predictions> = {},
): Predictions {
  const random = new Random(count + numClasses);
  const labels = Int32Array.from({ length: count }, (_, index) => index % numClasses);
  const scores = new Float32Array(count * numClasses);
  for (let sample = 0; sample < count; sample++) {
    const row = scores.subarray(sample * numClasses, (sample + 1) * numClasses);
    for (let at = 0; at < numClasses; at++) {
      row[at] = Math.exp(random.normal() + (at === labels[sample] ? 2 : 0));
    }
    const sum = row.reduce((sum, value) => sum + value, 0);
    for (let at = 0; at < numClasses; at++) row[at] /= sum;
  }
  return {
    task: "Classification",
    subtask: "multiclass",
    numClasses,
    ids: Array.from(labels, (_, index) => `s${index}`),
    labels: { values: labels, width: 1 },
    scores,
    ...others,
  };
}

/** Predictions of several labels per sample. */
export function madeLabels(count: number, width: number): Predictions {
  const { scores } = madeClasses(count, width);
  const random = new Random(7);
  const values = scores.map((score) => Number(score + random.normal() / 5 > 0.4));
  return {
    ...madeClasses(count, width),
    subtask: "multilabel",
    classNames: Array.from({ length: width }, (_, at) => `label ${at}`),
    labels: { values, width },
  };
}

/** Predictions of numbers. */
export function madeNumbers(count: number): Predictions {
  const random = new Random(3);
  const values = Float32Array.from({ length: count }, () => 50 + 10 * random.normal());
  return {
    task: "Regression",
    subtask: "regression",
    numClasses: 1,
    classNames: ["age"],
    ids: Array.from(values, (_, index) => `s${index}`),
    labels: { values, width: 1 },
    scores: values.map((value) => value + 5 * random.normal()),
  };
}

/** Config of a regression. */
export const REGRESSION: RunFacts["config"] = {
  data: { num_classes: 1, task: "Regression", subtask: "regression" },
  head: { head_type: "regression" },
  task: { metrics: ["mae"] },
};

/** Writes a run with predictions of its test split, or of another one. */
export async function madeRun(
  expDir: string,
  place: string,
  predictions: Predictions,
  { split = "test", ...facts }: RunFacts & { readonly split?: "val" | "test" } = {},
): Promise<string> {
  const { path } = await writeRun(expDir, place, {
    ...facts,
    config: {
      ...facts.config,
      data: { num_classes: predictions.numClasses, ...facts.config?.data },
    },
  });
  await writePredictions(join(path, `predictions_${split}.csv`), predictions);
  return path;
}
