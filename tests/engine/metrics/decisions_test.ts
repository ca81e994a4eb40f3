import { assertEquals } from "@std/assert";
import {
  argmax,
  confusionMatrix,
  countDecisions,
  decide,
} from "../../../engine/metrics/decisions.ts";

const CLASSES = { task: "Classification", subtask: "multiclass", numClasses: 3 } as const;
const LABELS = { task: "Classification", subtask: "multilabel", numClasses: 2 } as const;

Deno.test("argmax() finds the first of the highest, and NaN before all others", () => {
  assertEquals(argmax(Float32Array.of(9, 1, 3, 3), 1, 3), 1);
  assertEquals(argmax(Float32Array.of(1, NaN, 3, NaN), 0, 4), 1);
});

Deno.test("countDecisions() counts classes as often as samples occur", () => {
  const scores = Float32Array.of(1, 0, 0, 0, 0, 1, 0, 1, 0);
  const decided = decide({ ...CLASSES, count: 3, scores, labels: Int32Array.of(0, 1, 1) });
  assertEquals([...decided.predicted], [0, 2, 1]);
  const { count, classes } = countDecisions(decided, Int32Array.of(2, 3, 0));
  assertEquals(count, 5);
  assertEquals(classes, [
    { tp: 2, fp: 0, fn: 0, tn: 3 },
    { tp: 0, fp: 0, fn: 3, tn: 2 },
    { tp: 0, fp: 3, fn: 0, tn: 2 },
  ]);
  assertEquals(countDecisions(decided), countDecisions(decided, Int32Array.of(1, 1, 1)));
  assertEquals([...confusionMatrix(decided)], [1, 0, 0, 0, 1, 1, 0, 0, 0]);
  assertEquals([...confusionMatrix(decided, Int32Array.of(2, 3, 0))], [2, 0, 0, 0, 0, 3, 0, 0, 0]);
});

Deno.test("countDecisions() counts labels above 0.5 as often as samples occur", () => {
  const scores = Float32Array.of(0.6, 0.5, 0.1, 0.9);
  const labels = Float32Array.of(1, 0.7, 0.5, 0);
  const decided = decide({ ...LABELS, count: 2, scores, labels });
  assertEquals([[...decided.predicted], [...decided.actual]], [[1, 0, 0, 1], [1, 1, 0, 0]]);
  const { count, classes } = countDecisions(decided, Int32Array.of(4, 1));
  assertEquals(count, 5);
  assertEquals(classes, [{ tp: 4, fp: 0, fn: 0, tn: 1 }, { tp: 0, fp: 1, fn: 4, tn: 0 }]);
});
