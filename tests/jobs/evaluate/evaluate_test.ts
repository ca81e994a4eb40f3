import { assert, assertEquals, assertLessOrEqual, assertThrows } from "@std/assert";
import "../../../plugins/mod.ts";
import type { Predictions } from "../../../engine/data/predictions.ts";
import { DataError } from "../../../engine/errors.ts";
import { Random } from "../../../engine/random.ts";
import { type EvaluateOptions, evaluatePredictions } from "../../../jobs/evaluate/evaluate.ts";
import type { Curve, Curves, Evaluation } from "../../../jobs/evaluate/evaluation.ts";
import { ConfigError, UnknownKeyError } from "../../../registry/errors.ts";
import { noOptions } from "../../../registry/options/mod.ts";
import type { MetricInput, MetricPlugin, ResampledMetric } from "../../../registry/plugin.ts";
import { Registry, registry } from "../../../registry/registry.ts";
import { assertClose, CASES, type GoldenCase, type GoldenCurve, predictionsOf } from "./_cases.ts";

/** Metrics that the reference knows. */
const METRICS = {
  multiclass: "acc balanced_acc f1 pr specificity mcc auroc ap logloss brier ece kappa",
  multilabel: "acc balanced_acc f1 pr specificity mcc auroc ap logloss brier ece",
  regression: "mae mse r2 pearson",
};

function evaluate(golden: GoldenCase, options: EvaluateOptions = {}): Evaluation {
  const metrics = METRICS[golden.subtask].split(" ");
  const { resamples } = golden;
  return evaluatePredictions(predictionsOf(golden), { metrics, resamples, ...options });
}

Deno.test("evaluatePredictions() gives scikit-learn's metrics, with numpy's intervals of the same resamples", () => {
  for (const golden of CASES) {
    assertClose(evaluate(golden).metrics, golden.metrics, golden.name);
  }
});

Deno.test("evaluatePredictions() gives scikit-learn's numbers by class, confusion and calibration", () => {
  for (const golden of CASES) {
    const evaluation = evaluate(golden);
    if (evaluation.subtask === "regression") continue;
    for (const [c, { name, support, ...numbers }] of evaluation.per_class.entries()) {
      assertEquals([name, support], [`class ${c}`, golden.support![c]]);
      const expected = Object.keys(numbers).map((key) => [key, golden.per_class[`${key} ${c}`]]);
      assertClose(numbers, Object.fromEntries(expected), `${golden.name} ${c}`);
    }
    assertEquals(evaluation.confusion, golden.confusion);
    const calibration = [evaluation.calibration].flat().map(({ ece, brier, bins }) => ({
      bins: bins.map(({ confidence, accuracy, count }) => ({ confidence, accuracy, count })),
      ece,
      brier,
    }));
    assertClose(calibration, golden.calibration, golden.name);
  }
});

Deno.test("evaluatePredictions() counts resamples without a rare class, and leaves them out", () => {
  const [{ per_class }] = CASES.map((golden) => evaluate(golden)) as [
    Extract<Evaluation, { subtask: "multiclass" }>,
  ];
  const [, , rare] = per_class;
  assert(rare.recall.undefined > 50 && rare.recall.low !== null, JSON.stringify(rare));
  const never = evaluate(CASES[2]) as Extract<Evaluation, { subtask: "multilabel" }>;
  const none = { value: null, low: null, high: null, undefined: CASES[2].resamples };
  assertEquals(never.per_class[2].auroc, none);
});

Deno.test("evaluatePredictions() gives scikit-learn's curves at the points that it keeps", () => {
  for (const golden of CASES) {
    const evaluation = evaluate(golden, { resamples: 1 });
    if (evaluation.subtask === "regression") continue;
    const { roc, pr } = evaluation.curves;
    assertCurves(roc, golden.curves!.roc, golden.curves!.roc_macro, golden.name);
    assertCurves(pr, golden.curves!.pr, golden.curves!.pr_macro, golden.name);
  }
});

Deno.test("evaluatePredictions() thins curves to 200 points that lie on them", () => {
  const random = new Random(4);
  const count = 5000;
  const labels = Int32Array.from({ length: count }, () => random.integer(2));
  const positive = Float32Array.from(
    labels,
    (label) => 1 / (1 + Math.exp(-random.normal() - label)),
  );
  const scores = Float32Array.from(
    { length: 2 * count },
    (_, i) => i % 2 === 1 ? positive[i >> 1] : 1 - positive[i >> 1],
  );
  const ids = Array.from(labels, (_, i) => String(i));
  const evaluation = evaluatePredictions({
    task: "Classification",
    subtask: "multiclass",
    numClasses: 2,
    ids,
    labels: { values: labels, width: 1 },
    scores,
  }, { metrics: ["auroc"], resamples: 1 });
  assert(evaluation.subtask === "multiclass");
  const { roc, pr } = evaluation.curves;
  const [positives, negatives] = [1, 0].map((each) => labels.filter((l) => l === each).length);
  const counted = positive.toSorted().toReversed().map((_, k, sorted) => sorted[k]);
  const points = new Set(["0 0"]);
  const precisions = new Set(["0 1"]);
  for (const threshold of counted) {
    const [tp, fp] = [1, 0].map((each) =>
      positive.reduce((n, score, i) => n + Number(score >= threshold && labels[i] === each), 0)
    );
    points.add(`${fp / negatives} ${tp / positives}`);
    precisions.add(`${tp / positives} ${tp / (tp + fp)}`);
  }
  for (const [{ x, y }, all] of [[roc.classes[1], points], [pr.classes[1], precisions]] as const) {
    assertLessOrEqual(x.length, 200);
    assertLessOrEqual(150, x.length);
    assertEquals(x.filter((each, k) => !all.has(`${each} ${y[k]}`)), []);
    assertEquals([x[0], x[x.length - 1]], [0, 1]);
  }
  assertLessOrEqual(Math.abs(trapezoid(roc.classes[1]) - roc.classes[1].area), 1e-3);
});

Deno.test("evaluatePredictions() describes residuals as numpy does", () => {
  const golden = CASES[3];
  const evaluation = evaluate(golden);
  assert(evaluation.subtask === "regression");
  for (const [c, { name, mae_by_target, ...facts }] of evaluation.residuals.entries()) {
    const { mae_by_target: errors, ...expected } = golden.residuals![c];
    assertEquals(name, `class ${c}`);
    assertClose(facts, expected, name);
    assertClose(mae_by_target.map(({ mae }) => mae), errors, name);
    assertEquals(mae_by_target.reduce((sum, { count }) => sum + count, 0), 30);
  }
});

Deno.test("evaluatePredictions() counts a target between two fifths once", () => {
  const values = Float32Array.from({ length: 11 }, (_, i) => i);
  const evaluation = evaluatePredictions({
    task: "Regression",
    subtask: "regression",
    numClasses: 1,
    ids: Array.from(values, String),
    labels: { values, width: 1 },
    scores: values.map((value) => value < 4 ? value - 1 : value),
  }, { resamples: 1 });
  assert(evaluation.subtask === "regression");
  const [{ mae_by_target }] = evaluation.residuals;
  assertEquals(
    mae_by_target,
    [[0, 2, 2, 1], [2, 4, 2, 1], [4, 6, 2, 0], [6, 8, 2, 0], [8, 10, 3, 0]]
      .map(([from, to, count, mae]) => ({ from, to, count, mae })),
  );
});

Deno.test("evaluatePredictions() gives plain data that says what was drawn", () => {
  for (const golden of CASES) {
    const evaluation = evaluate(golden, { resamples: 20, seed: 3 });
    assertEquals(JSON.parse(JSON.stringify(evaluation)), evaluation);
    const samples = golden.scores.length / golden.num_classes;
    const patients = golden.patients === null ? undefined : new Set(golden.patients).size;
    assertEquals(evaluation.n, patients === undefined ? { samples } : { samples, patients });
    assertEquals(evaluation.bootstrap, {
      unit: patients === undefined ? "samples" : "patients",
      units: patients ?? samples,
      resamples: 20,
      seed: 3,
      level: 0.95,
    });
  }
});

Deno.test("evaluatePredictions() repeats itself with a seed, and draws others with another", () => {
  const [golden] = CASES;
  const evaluation = evaluate(golden, { resamples: 50 });
  assertEquals(evaluate(golden, { resamples: 50 }), evaluation);
  const other = evaluate(golden, { resamples: 50, seed: 1 });
  assert(other.metrics.Log_Loss.low !== evaluation.metrics.Log_Loss.low);
  assertEquals(other.metrics.Log_Loss.value, evaluation.metrics.Log_Loss.value);
  const wide = evaluate(golden, { resamples: 50, level: 0.99 }).metrics.Log_Loss;
  assert(wide.low! < evaluation.metrics.Log_Loss.low!);
});

Deno.test("evaluatePredictions() computes by default what suits the targets and is registered", () => {
  const names = (golden: GoldenCase, options: EvaluateOptions = {}) =>
    Object.keys(evaluate(golden, { metrics: undefined, resamples: 1, ...options }).metrics);
  const known = (golden: GoldenCase) =>
    Object.keys(golden.metrics).filter((name) => name !== "Kappa");
  for (const golden of CASES) assertEquals(names(golden), known(golden));
  const own = new Registry();
  own.add(registry.get("metric", "mae") as MetricPlugin);
  assertEquals(names(CASES[3], { registry: own }), ["MAE"]);
});

Deno.test("evaluatePredictions() resamples metrics that only have an accumulator", () => {
  for (const golden of CASES) {
    for (const key of METRICS[golden.subtask].split(" ")) {
      const options = { metrics: [key], resamples: 40 };
      const slow = new Registry();
      slow.add(withoutResampler(registry.get("metric", key) as MetricPlugin));
      const expected = evaluate(golden, options).metrics;
      assertClose(evaluate(golden, { ...options, registry: slow }).metrics, expected, key);
    }
  }
});

Deno.test("evaluatePredictions() takes the first of two metrics that are logged under one name", () => {
  const own = new Registry();
  own.add(constant("one", 1));
  own.add(constant("two", 2));
  const of = (...metrics: string[]) =>
    evaluate(CASES[0], { metrics, registry: own, resamples: 5 }).metrics;
  assertEquals(of("one", "two"), { Number: { value: 1, low: 1, high: 1, undefined: 0 } });
  assertEquals(of("two", "one"), { Number: { value: 2, low: 2, high: 2, undefined: 0 } });
});

Deno.test("evaluatePredictions() gives no interval of a single patient", () => {
  const predictions = predictionsOf(CASES[1]);
  const patients = predictions.ids.map(() => "one");
  const { metrics } = evaluatePredictions({ ...predictions, patients }, { metrics: ["acc"] });
  assertEquals([metrics.Accuracy.low, metrics.Accuracy.high], [null, null]);
  assert(metrics.Accuracy.value !== null);
});

Deno.test("evaluatePredictions() throws when predictions cannot be evaluated", () => {
  const [golden, , multilabel, regression] = CASES;
  const cases: [GoldenCase, Partial<Predictions>, string][] = [
    [golden, { labels: undefined }, "they have no labels"],
    [golden, { ids: [] }, "there are none"],
    [golden, { ids: ["a"] }, "they have 180 scores, expected 3"],
    [golden, { patients: ["a"] }, "they have 1 patients, expected 60"],
    [golden, changed(golden, 4, NaN), 'the score of sample "s1" for "class 1" is NaN'],
    [golden, changed(golden, 4, 3.5), "is 3.5, expected a probability from 0 to 1"],
    [golden, changed(golden, 4, -0.5), "is -0.5, expected a probability from 0 to 1"],
    [multilabel, changed(multilabel, 0, Infinity), "is Infinity, expected a probability"],
    [regression, changed(regression, 2, Infinity), "is Infinity, expected a number"],
    [golden, labelled(golden, 7, 3), 'the label of sample "s7" is 3, expected an integer from 0'],
    [multilabel, labelled(multilabel, 3, 2), 'the label of sample "s1" is 2, expected a number'],
    [regression, labelled(regression, 3, NaN), 'the label of sample "s1" is NaN'],
    [golden, { patients: golden.patients!.map((name, i) => i === 5 ? "" : name) }, '"s5" has no'],
  ];
  for (const [of, change, message] of cases) {
    const predictions = { ...predictionsOf(of), ...change };
    const evaluating = () => evaluatePredictions(predictions, { resamples: 1 });
    assertThrows(evaluating, DataError, message);
  }
});

Deno.test("evaluatePredictions() throws when options are wrong", () => {
  const [golden] = CASES;
  assertThrows(() => evaluate(golden, { resamples: 0 }), RangeError, "resamples is 0, expected");
  assertThrows(() => evaluate(golden, { seed: 0.5 }), RangeError, "seed is 0.5");
  assertThrows(() => evaluate(golden, { level: 95 }), RangeError, "level is 95");
  assertThrows(() => evaluate(golden, { metrics: ["accuracy"] }), UnknownKeyError, "accuracy");
  assertThrows(() => evaluate(golden, { metrics: ["mae"] }), ConfigError, "mae");
});

function changed(golden: GoldenCase, at: number, score: number): Partial<Predictions> {
  return { scores: predictionsOf(golden).scores.map((each, i) => i === at ? score : each) };
}

function labelled(golden: GoldenCase, at: number, label: number): Partial<Predictions> {
  const { values, width } = predictionsOf(golden).labels!;
  return { labels: { width, values: values.map((each, i) => i === at ? label : each) } };
}

function withoutResampler(plugin: MetricPlugin): MetricPlugin {
  return {
    ...plugin,
    create(config, task) {
      const { higherIsBetter, accumulator } = plugin.create(config, task) as ResampledMetric;
      return { higherIsBetter, accumulator };
    },
  };
}

function constant(key: string, value: number): MetricPlugin<Readonly<Record<never, never>>> {
  const accumulator = { update(_: MetricInput) {}, compute: () => ({ Number: value }) };
  return {
    slot: "metric",
    key,
    description: "a number",
    config: noOptions,
    create: () => ({ higherIsBetter: true, accumulator: () => accumulator }),
  };
}

/** Requires areas and the mean curve, and of each curve that it keeps what does not lie between. */
function assertCurves(
  { classes, macro }: Curves,
  expected: readonly GoldenCurve[],
  mean: readonly number[],
  name: string,
): void {
  assertEquals(classes.map((curve) => curve.name), expected.map((each) => `class ${each.class}`));
  for (const [k, { x, y, area }] of classes.entries()) {
    const all = expected[k];
    assertClose(area, all.area, name);
    const points = new Set(all.x.map((each, i) => `${each} ${all.y[i]}`));
    assertEquals(x.filter((each, i) => !points.has(`${each} ${y[i]}`)), [], name);
    assertClose(trapezoid({ x, y }), trapezoid(all), name);
  }
  assertClose(macro!.y, mean, name);
  assertClose(macro!.area, classes.reduce((sum, { area }) => sum + area, 0) / classes.length);
}

function trapezoid({ x, y }: Pick<Curve, "x" | "y">): number {
  return x.slice(1).reduce((sum, each, k) => sum + (each - x[k]) * (y[k + 1] + y[k]) / 2, 0);
}
