import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import type { Predictions } from "../../../engine/data/predictions.ts";
import { DataError } from "../../../engine/errors.ts";
import { infer } from "../../../jobs/predict/infer.ts";
import type { InferEvent } from "../../../jobs/predict/infer_events.ts";
import type { InferPart } from "../../../registry/config/infer.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { bagFlags, writeBags, writeBagSplits } from "../../_bags.ts";
import {
  classSamples,
  type Flags,
  inFolder,
  runTrain,
  writeHdf5,
  writeSplits,
} from "../../_training.ts";

const METRICS: Flags = { "task.metrics": '["acc", "f1", "auroc"]' };

/** Data of another file in the place of the test file. */
function newFile(test_features_file: string): InferPart {
  return { data: { test_features_file } } as InferPart;
}

function mean(all: readonly Predictions[]): Float32Array {
  return all[0].scores.map((_, at) =>
    all.reduce((sum, { scores }) => sum + scores[at], 0) / all.length
  );
}

Deno.test("infer() gives the numbers and the table of the training itself", async () => {
  await inFolder(async (folder) => {
    for (const bags of [false, true]) {
      const files = bags ? await writeBagSplits(folder) : await writeSplits(folder);
      const flags = bags ? bagFlags(METRICS) : METRICS;
      const { done } = await runTrain(files, flags);
      const written = join(done.directory, "predictions_test.csv");
      const before = await Deno.readTextFile(written);
      const { metrics, predictions, file, split } = await infer([{ exp_dir: done.directory }]);
      const { test_loss: _, ...test } = done.test!;
      const own = join(done.directory, "predictions.csv");
      assertEquals([split, file, metrics], ["test", own, test]);
      assertEquals(await Deno.readTextFile(file), before);
      const [trained, inferred] = ["metrics_test.json", "predictions_metrics.json"].map((name) =>
        Deno.readTextFileSync(join(done.directory, name))
      );
      assertEquals(inferred, trained);
      assertEquals(predictions.ids.length, bags ? 20 : 18);
      const val = await infer([{ exp_dir: done.directory, split: "val" }]);
      assertEquals(val.file, own);
      assertEquals(await Deno.readTextFile(written), before); // what training wrote stays
    }
  });
});

Deno.test("folds that predict the same samples are averaged", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const { results } = await runTrain(files, {
      ...METRICS,
      "training.cv_folds": "3",
      "logger.group": "cv",
    });
    const group = join(results[0].directory, "..");
    const events: InferEvent[] = [];
    const all = await infer([{ exp_dir: group }], { onEvent: (event) => events.push(event) });
    const single: Predictions[] = [];
    for (const { directory } of results) {
      single.push((await infer([{ exp_dir: directory }])).predictions);
    }
    assertEquals(all.predictions.scores, mean(single));
    assertEquals(all.file, join(group, "predictions.csv"));
    const [first] = all.predictions.spread!;
    const values = single.map(({ scores }) => scores[0]);
    const middle = values.reduce((a, b) => a + b) / 3;
    const variance = values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / 2;
    assertAlmostEquals(first, Math.sqrt(variance), 1e-6);
    assertEquals(events.filter(({ type }) => type === "model").length, 3);
    const chosen = await infer([{ exp_dir: group, fold: 2 }]);
    assertEquals(chosen.predictions.scores, single[2].scores);
    // Validation splits of the folds are parts of one file: each predicts its own.
    const val = await infer([{ exp_dir: group, split: "val" }]);
    assertEquals([val.predictions.ids.length, val.predictions.spread], [60, undefined]);
    assertEquals([...new Set(val.predictions.ids)].length, 60);
    const { message } = await assertRejects(
      () => infer([{ exp_dir: group, split: "train" }]),
      DataError,
    );
    assertEquals(message.includes("their train splits overlap and differ"), true);
  });
});

Deno.test("new data takes the place of the test split, and the last checkpoint that of the best", async () => {
  await inFolder(async (folder) => {
    const files = await writeBagSplits(folder);
    const { done } = await runTrain(files, bagFlags());
    const other = await writeBags(join(folder, "new.h5"), 7, 9);
    const pred_output = join(folder, "new.csv");
    const choice = { exp_dir: done.directory, pred_output, checkpoint: "last" } as const;
    const found = await infer([choice, newFile(other)]);
    assertEquals([found.predictions.ids.length, found.file], [7, pred_output]);
    assert(found.checkpoints[0].endsWith("last.pt"));
    assertEquals((await Deno.readTextFile(pred_output)).trim().split("\n").length, 8);
  });
});

Deno.test("a file without labels gives predictions and no metrics", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const { done } = await runTrain(files);
    const bare = join(folder, "bare.h5");
    const { features } = classSamples(18, 3);
    await writeHdf5(bare, { features });
    const choice = { exp_dir: done.directory, pred_output: join(folder, "p.csv") };
    const { metrics, predictions } = await infer([choice, newFile(bare)]);
    const known = await infer([{ exp_dir: done.directory }]);
    assertEquals([metrics, predictions.labels], [undefined, undefined]);
    assertEquals(predictions.scores, known.predictions.scores);
    const { message } = await assertRejects(
      () => runTrain({ ...files, test: bare }, { "logger.group": "b" }),
      DataError,
    );
    assertEquals(message, `Cannot read "${bare}": dataset "labels" is missing`);
  });
});

Deno.test("bags without labels are counted by their pointers", async () => {
  await inFolder(async (folder) => {
    const files = await writeBagSplits(folder);
    const { done } = await runTrain(files, bagFlags());
    const features = { data: new Float32Array(6 * 8).fill(0.5), shape: [6, 8] };
    const pointers = {
      bag_ptr: { data: BigInt64Array.of(0n, 1n, 4n, 6n), shape: [4] },
      bag_lengths: { data: Int32Array.of(1, 3, 2), shape: [3] },
    };
    for (const [name, data] of Object.entries(pointers)) {
      const bare = join(folder, `${name}.h5`);
      await writeHdf5(bare, { features, [name]: data });
      const choice = { exp_dir: done.directory, pred_output: join(folder, "p.csv") };
      const { predictions } = await infer([choice, newFile(bare)]);
      assertEquals([predictions.ids, predictions.labels], [["0", "1", "2"], undefined]);
    }
  });
});

Deno.test("what does not fit is refused before anything is predicted", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const { done } = await runTrain(files);
    const exp_dir = done.directory;
    const { issues } = await assertRejects(
      () => infer([{ exp_dir, pred_output: "p.xlsx" }]),
      ConfigError,
    );
    assertEquals(issues, [{
      path: "pred_output",
      message: 'expected a name that ends in .csv, .json, .h5, .pt, received "p.xlsx"',
    }]);
    const bags = await writeBags(join(folder, "bags.h5"), 4, 1);
    const { message } = await assertRejects(() => infer([{ exp_dir }, newFile(bags)]), DataError);
    assertEquals(
      message,
      `Cannot use "${bags}": it holds bags of instances 8 wide, the model takes instances 6 wide`,
    );
    const stop = AbortSignal.abort(new Error("stopped"));
    await assertRejects(() => infer([{ exp_dir }], { signal: stop }), Error, "stopped");
  });
});
