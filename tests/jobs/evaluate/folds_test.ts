import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import "../../../plugins/mod.ts";
import type { Predictions } from "../../../engine/data/predictions.ts";
import { DataError } from "../../../engine/errors.ts";
import { evaluatePredictions } from "../../../jobs/evaluate/evaluate.ts";
import { evaluateFolds } from "../../../jobs/evaluate/folds.ts";
import { assertClose, CASES, predictionsOf } from "./_cases.ts";

const OPTIONS = { resamples: 30 };

/** Samples from one index to another. */
function part(predictions: Predictions, from: number, to: number): Predictions {
  const { numClasses, ids, patients, labels, scores } = predictions;
  const { values, width } = labels!;
  return {
    ...predictions,
    ids: ids.slice(from, to),
    ...(patients && { patients: patients.slice(from, to) }),
    labels: { values: values.slice(from * width, to * width), width },
    scores: scores.slice(from * numClasses, to * numClasses),
  };
}

Deno.test("evaluateFolds() pools folds to what they were parts of", () => {
  for (const golden of CASES) {
    const all = predictionsOf(golden);
    const folds = [part(all, 0, 9), part(all, 9, 14), part(all, 14, all.ids.length)];
    const evaluation = evaluateFolds(folds, OPTIONS);
    assertEquals(evaluation.folds, 3);
    assertEquals(evaluation.pooled, evaluatePredictions(all, OPTIONS));
    const values = folds.map((fold) => evaluatePredictions(fold, OPTIONS).metrics);
    for (const [name, metric] of Object.entries(evaluation.metrics)) {
      assertEquals(metric.values, values.map((each) => each[name].value), name);
      assertEquals(metric.pooled, evaluation.pooled.metrics[name]);
    }
    assertEquals(JSON.parse(JSON.stringify(evaluation)), evaluation);
  }
});

Deno.test("evaluateFolds() gives mean and standard deviation with n - 1", () => {
  const golden = CASES[3];
  const all = predictionsOf(golden);
  const folds = [part(all, 0, 10), part(all, 10, 20), part(all, 20, 30)];
  const { MAE } = evaluateFolds(folds, OPTIONS).metrics;
  const [a, b, c] = MAE.values as [number, number, number];
  const mean = (a + b + c) / 3;
  assertAlmostEquals(MAE.mean!, mean, 1e-12);
  const squares = (a - mean) ** 2 + (b - mean) ** 2 + (c - mean) ** 2;
  assertAlmostEquals(MAE.sd!, Math.sqrt(squares / 2), 1e-12);
  const single = evaluateFolds([all], OPTIONS).metrics.MAE;
  assertEquals([single.mean, single.sd], [single.pooled.value, null]);
});

Deno.test("evaluateFolds() leaves folds out where a metric is not defined", () => {
  const all = predictionsOf(CASES[3]);
  const folds = [part(all, 0, 1), part(all, 1, 15), part(all, 15, 30)];
  const { R2 } = evaluateFolds(folds, OPTIONS).metrics;
  assertEquals(R2.values[0], null);
  assertAlmostEquals(R2.mean!, (R2.values[1]! + R2.values[2]!) / 2, 1e-12);
});

Deno.test("evaluateFolds() does not take one test split for more samples with each fold", () => {
  const all = predictionsOf(CASES[1]);
  const once = evaluatePredictions(all, OPTIONS);
  const { pooled } = evaluateFolds([all, all, all], OPTIONS);
  assertEquals(pooled.n, { samples: 75 });
  assertEquals([pooled.bootstrap.unit, pooled.bootstrap.units], ["samples", 25]);
  assertClose(pooled.metrics, once.metrics);
  const patients = all.ids.map((_, i) => `p${i % 5}`);
  const known = evaluateFolds([{ ...all, patients }, { ...all, patients }], OPTIONS).pooled;
  assertEquals([known.bootstrap.unit, known.bootstrap.units], ["patients", 5]);
  const values = all.labels!.values.map((label) => 1 - label);
  const others = { ...all, labels: { values, width: 1 } };
  assertEquals(evaluateFolds([all, others], OPTIONS).pooled.bootstrap.units, 50);
});

Deno.test("evaluateFolds() throws when folds do not belong together", () => {
  assertThrows(() => evaluateFolds([]), DataError, "Cannot evaluate folds: there are none");
  const [first, , third] = CASES.map(predictionsOf);
  const message = "Cannot evaluate folds: fold 1 does not predict what fold 0 does";
  assertThrows(() => evaluateFolds([first, third]), DataError, message);
  assertThrows(() => evaluateFolds([first, { ...first, patients: undefined }]), DataError, message);
});
