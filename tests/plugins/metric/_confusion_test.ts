import { assertEquals } from "@std/assert";
import { countDecisions, macroAverage, ratio, recall } from "../../../plugins/metric/_confusion.ts";
import { batch, goldenCases } from "./_cases.ts";

Deno.test("countDecisions() agrees with torchmetrics' confusion matrix", () => {
  const file = new URL("../../testdata/golden/metrics.json", import.meta.url);
  const rows: number[][] = JSON.parse(Deno.readTextFileSync(file)).confusion_matrix_rows_true;
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  const total = sum(rows.map(sum));
  const expected = rows.map((row, c) => {
    const [tp, actual, predicted] = [row[c], sum(row), sum(rows.map((each) => each[c]))];
    return { tp, fp: predicted - tp, fn: actual - tp, tn: total - predicted - actual + tp };
  });
  assertEquals(countDecisions("acc", goldenCases()[0].input), expected);
});

Deno.test("countDecisions() takes the first of equal scores", () => {
  const counts = countDecisions("acc", batch("multiclass", 3, [0.2, 0.4, 0.4], [1]));
  assertEquals(counts.map(({ tp }) => tp), [0, 1, 0]);
});

Deno.test("countDecisions() takes a NaN score for the highest, as torch.argmax", () => {
  const counts = countDecisions("acc", batch("multiclass", 3, [0.9, NaN, NaN], [0]));
  assertEquals(counts.map(({ fp }) => fp), [0, 1, 0]);
});

Deno.test("countDecisions() takes a probability of exactly 0.5 for a no", () => {
  const counts = countDecisions("acc", batch("multilabel", 3, [0.5, 0.5000001, 0.5], [1, 1, 0]));
  assertEquals(counts, [
    { tp: 0, fp: 0, fn: 1, tn: 0 },
    { tp: 1, fp: 0, fn: 0, tn: 0 },
    { tp: 0, fp: 0, fn: 0, tn: 1 },
  ]);
});

Deno.test("macroAverage() leaves out absent classes of a multiclass task only", () => {
  const counts = [{ tp: 3, fp: 0, fn: 1, tn: 4 }, { tp: 0, fp: 0, fn: 0, tn: 8 }];
  const input = batch("multiclass", 2, Array(16).fill(0.5), Array(8).fill(0));
  assertEquals(macroAverage(input, counts, recall), 0.75);
  assertEquals(macroAverage({ ...input, subtask: "multilabel" }, counts, recall), 0.375);
});

Deno.test("ratio() is 0 for nothing out of nothing", () => {
  assertEquals([ratio(0, 0), ratio(1, 4)], [0, 0.25]);
});
