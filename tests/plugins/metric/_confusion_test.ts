import { assertEquals } from "@std/assert";
import {
  accumulateDecisions,
  DecisionCounter,
  macroAverage,
  ratio,
  recall,
} from "../../../plugins/metric/_confusion.ts";
import type { MetricInput } from "../../../registry/plugin.ts";
import { goldenJson } from "../../_golden.ts";
import { batch, goldenCases, soft, split } from "./_cases.ts";

interface Answers {
  readonly confusion_matrix_rows_true: readonly (readonly number[])[];
}

function countClasses(...batches: MetricInput[]) {
  const counter = new DecisionCounter("acc", batches[0]);
  for (const each of batches) counter.update(each);
  return counter.decisions().classes;
}

Deno.test("DecisionCounter agrees with torchmetrics' confusion matrix", () => {
  const rows = goldenJson<Answers>("metrics.json").confusion_matrix_rows_true;
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const total = sum(rows.map(sum));
  const expected = rows.map((row, c) => {
    const [tp, actual, predicted] = [row[c], sum(row), sum(rows.map((each) => each[c]))];
    return { tp, fp: predicted - tp, fn: actual - tp, tn: total - predicted - actual + tp };
  });
  const { input } = goldenCases()[0];
  assertEquals(countClasses(input), expected);
  assertEquals(countClasses(...split(input, [9, 1, 30])), expected);
});

Deno.test("DecisionCounter takes the first of equal scores", () => {
  const counts = countClasses(batch("multiclass", 3, [0.2, 0.4, 0.4], [1]));
  assertEquals(counts.map(({ tp }) => tp), [0, 1, 0]);
});

Deno.test("DecisionCounter takes a NaN score for the highest, as torch.argmax", () => {
  const counts = countClasses(batch("multiclass", 3, [0.9, NaN, NaN], [0]));
  assertEquals(counts.map(({ fp }) => fp), [0, 1, 0]);
});

Deno.test("DecisionCounter takes a probability of exactly 0.5 for a no", () => {
  const counts = countClasses(batch("multilabel", 3, [0.5, 0.5000001, 0.5], [1, 1, 0]));
  assertEquals(counts, [
    { tp: 0, fp: 0, fn: 1, tn: 0 },
    { tp: 1, fp: 0, fn: 0, tn: 0 },
    { tp: 0, fp: 0, fn: 0, tn: 1 },
  ]);
});

Deno.test("DecisionCounter takes a target above 0.5 for a yes", () => {
  const scores = [0.9, 0.9, 0.9, 0.1, 0.1, 0.1];
  const counts = countClasses(soft(3, scores, [0.51, 0.5, 0.05, 0.95, 1, 0]));
  assertEquals(counts, countClasses(batch("multilabel", 3, scores, [1, 0, 0, 1, 1, 0])));
});

Deno.test("DecisionCounter knows how many samples it has seen, and of what kind", () => {
  const counter = new DecisionCounter("acc", batch("multilabel", 1, [], []));
  for (const label of [0, 1, 1]) counter.update(batch("multilabel", 1, [0.9, 0.9], [label, 1]));
  const classes = [{ tp: 5, fp: 1, fn: 0, tn: 0 }];
  assertEquals(counter.decisions(), { subtask: "multilabel", count: 6, classes });
});

Deno.test("accumulateDecisions() computes from all decisions so far", () => {
  const input = batch("multiclass", 2, [0.9, 0.1], [0]);
  const accumulator = accumulateDecisions("acc", input, ({ count }) => ({ count }));
  for (const expected of [1, 2]) {
    accumulator.update(input);
    assertEquals(accumulator.compute(), { count: expected });
  }
});

Deno.test("macroAverage() leaves out absent classes of a multiclass task only", () => {
  const classes = [{ tp: 3, fp: 0, fn: 1, tn: 4 }, { tp: 0, fp: 0, fn: 0, tn: 8 }];
  assertEquals(macroAverage({ subtask: "multiclass", count: 8, classes }, recall), 0.75);
  assertEquals(macroAverage({ subtask: "multilabel", count: 8, classes }, recall), 0.375);
  assertEquals(macroAverage({ subtask: "multilabel", count: 0, classes }, recall), NaN);
});

Deno.test("ratio() is 0 for nothing out of nothing", () => {
  assertEquals([ratio(0, 0), ratio(1, 4)], [0, 0.25]);
});
