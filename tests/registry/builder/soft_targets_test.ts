import { assertEquals } from "@std/assert";
import { softTargetNotices } from "../../../registry/builder/soft_targets.ts";
import type { Metric } from "../../../registry/plugin.ts";

const TASK = { task: "Classification", subtask: "multilabel", numClasses: 2 } as const;

function metric(targetThreshold?: number): Metric {
  const accumulator = () => ({ update() {}, compute: () => ({}) });
  return { higherIsBetter: true, targetThreshold, accumulator };
}

function split(name: string, ...targets: readonly number[]) {
  return { name, labels: { values: Float32Array.from(targets), width: 2 } };
}

Deno.test("softTargetNotices() counts the targets that are neither 0 nor 1, split by split", () => {
  const splits = [split("a.h5", 0, 0.25, 1, 0.5), split("b.h5", 0, 1), split("c.h5", 0.9, 0)];
  assertEquals(softTargetNotices([...splits, splits[0]], TASK, [metric(0.5), metric(0.5)]), [
    '2 of 4 targets of "a.h5" are between 0 and 1: the loss takes them as they are, ' +
    "metrics count those above 0.5 as 1",
    '1 of 2 targets of "c.h5" are between 0 and 1: the loss takes them as they are, ' +
    "metrics count those above 0.5 as 1",
  ]);
});

Deno.test("softTargetNotices() speaks of metrics with a threshold, for multilabel tasks", () => {
  const splits = [split("a.h5", 0.5, 0.5)];
  assertEquals(softTargetNotices(splits, TASK, [metric()]), []);
  assertEquals(softTargetNotices(splits, { ...TASK, subtask: "regression" }, [metric(0.5)]), []);
  const [line] = softTargetNotices(splits, TASK, [metric(0.5), metric(0.7), metric()]);
  assertEquals(line.endsWith("metrics count those above 0.5 or 0.7 as 1"), true);
});
