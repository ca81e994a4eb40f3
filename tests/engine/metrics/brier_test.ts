import { assertAlmostEquals, assertEquals } from "@std/assert";
import { brierLoss } from "../../../engine/metrics/brier.ts";

const TASK = { task: "Classification", subtask: "multiclass" } as const;

Deno.test("brierLoss() sums squares over classes, and halves them for two", () => {
  const two = { scores: Float32Array.of(0.25, 0.75), labels: Int32Array.of(1) };
  assertEquals(brierLoss({ ...TASK, numClasses: 2, count: 1, ...two }, 0), 0.0625);
  const scores = Float32Array.of(1, 0, 0, 0.5, 0.25, 0.25);
  const three = { ...TASK, numClasses: 3, count: 2, scores, labels: Int32Array.of(2, 0) };
  assertEquals(brierLoss(three, 0), 2);
  assertAlmostEquals(brierLoss(three, 1), 0.375, 1e-12);
});
