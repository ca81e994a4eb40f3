import { assertEquals } from "@std/assert";
import { PredictionCollector } from "../../../engine/data/predictions.ts";

const TASK = { task: "Classification", subtask: "multilabel", numClasses: 2 } as const;

Deno.test("predictions come in the order of the split; samples without one are left out", () => {
  const collector = new PredictionCollector();
  collector.update({ indices: Int32Array.of(3, 1), size: 2 }, Float32Array.of(0.3, 3, 0.1, 1));
  collector.update({ indices: Int32Array.of(0), size: 1 }, Float32Array.of(0, 0));
  const labels = { values: Float32Array.of(0, 0, 1, 1, 2, 2, 3, 3), width: 2 };
  const split = { labels, ids: ["a", "b", "c", "d"], patients: ["p", "p", "q", "q"] };
  assertEquals(collector.predictions(split, TASK), {
    ...TASK,
    ids: ["a", "b", "d"],
    patients: ["p", "p", "q"],
    labels: { values: Float32Array.of(0, 0, 1, 1, 3, 3), width: 2 },
    scores: Float32Array.of(0, 0, 0.1, 1, 0.3, 3),
  });
});

Deno.test("samples without names are called by their indices, and unknown targets are absent", () => {
  const collector = new PredictionCollector();
  collector.update({ indices: Int32Array.of(2), size: 1 }, Float32Array.of(1, 2));
  const labels = { values: new Float32Array(6), width: 2 };
  const found = collector.predictions({ labels, unlabelled: true }, TASK);
  assertEquals(found, { ...TASK, ids: ["2"], scores: Float32Array.of(1, 2) });
});
