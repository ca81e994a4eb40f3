import { assertEquals } from "@std/assert";
import { join } from "node:path";
import type { Predictions } from "../../../engine/data/predictions.ts";
import { writeEvaluation, writeFolds } from "../../../jobs/evaluate/write_evaluation.ts";
import { registry } from "../../../registry/registry.ts";
import "../../../plugins/mod.ts";
import { inFolder, namesIn } from "../../_training.ts";

const PREDICTIONS: Predictions = {
  task: "Classification",
  subtask: "multiclass",
  numClasses: 2,
  ids: ["a", "b", "c", "d"],
  labels: { values: Int32Array.of(0, 1, 0, 1), width: 1 },
  scores: Float32Array.of(0.9, 0.1, 0.2, 0.8, 0.6, 0.4, 0.7, 0.3),
};

Deno.test("the evaluation is written as JSON, with intervals", async () => {
  await inFolder(async (folder) => {
    const place = { path: join(folder, "metrics_test.json"), split: "test", registry };
    const { evaluation, notices } = await writeEvaluation(PREDICTIONS, place);
    assertEquals([notices, await namesIn(folder)], [[], ["metrics_test.json"]]);
    const written = JSON.parse(await Deno.readTextFile(join(folder, "metrics_test.json")));
    assertEquals(written, JSON.parse(JSON.stringify(evaluation)));
    const { value, low, high } = written.metrics.Accuracy;
    assertEquals([value, low < value, high], [0.75, true, 1]);
    assertEquals(written.n, { samples: 4 });
  });
});

Deno.test("without labels there is nothing to evaluate", async () => {
  await inFolder(async (folder) => {
    const { labels: _, ...bare } = PREDICTIONS;
    const place = { path: join(folder, "metrics_test.json"), split: "test", registry };
    await Deno.writeTextFile(place.path, "{}"); // of other predictions
    assertEquals(await writeEvaluation(bare, place), { notices: [] });
    assertEquals(await namesIn(folder), []);
  });
});

Deno.test("scores that are not numbers are a note, and end no run", async () => {
  await inFolder(async (folder) => {
    const scores = PREDICTIONS.scores.map((score, at) => at === 2 ? NaN : score);
    const place = { path: join(folder, "metrics_val.json"), split: "val", registry };
    const { evaluation, notices } = await writeEvaluation({ ...PREDICTIONS, scores }, place);
    assertEquals([evaluation, notices.length, await namesIn(folder)], [undefined, 1, []]);
    assertEquals(notices[0].startsWith("no metrics_val.json: "), true);
  });
});

Deno.test("folds are written with mean, deviation and the value of all of them", async () => {
  await inFolder(async (folder) => {
    const other = { ...PREDICTIONS, ids: ["e", "f", "g", "h"], scores: PREDICTIONS.scores.slice() };
    other.scores.set([0.2, 0.8], 6); // right as well
    assertEquals(await writeFolds([PREDICTIONS, other], { folder, registry }), []);
    const { metrics } = JSON.parse(await Deno.readTextFile(join(folder, "metrics_folds.json")));
    const { values, mean, pooled } = metrics.Accuracy;
    assertEquals([values, mean, pooled.value], [[0.75, 1], 0.875, 0.875]);
    const bare = { ...PREDICTIONS, labels: undefined };
    const [line] = await writeFolds([bare, bare], { folder, registry });
    assertEquals(line.startsWith("no metrics_folds.json: "), true);
  });
});
