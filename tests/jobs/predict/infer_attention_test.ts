/** What models attend to, through inference: one model, folds, packed files, heads that do not. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { infer } from "../../../jobs/predict/infer.ts";
import { pack } from "../../../jobs/pack/pack.ts";
import { resolvePackConfig } from "../../../registry/config/pack.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { registry } from "../../../registry/registry.ts";
import { PRODUCERS } from "../../_slides.ts";
import { inFolder, listenTo, namesIn } from "../../_training.ts";

const { root, labels_file } = PRODUCERS.trident;
const slides = { dataset: "slide_features", data_root_dir: root, labels_file };

async function trainSlides(folder: string, head: object, data: object = slides): Promise<string> {
  const file = {
    data: { ...data, split_seed: 1 },
    model: { encoder: { encoder_type: "precomputed", feature_dim: 32 }, head },
    training: { epochs: 1, seed: 0, cv_folds: 2 },
    logger: { group: "cv" },
    exp_dir: folder,
  };
  await listenTo(resolveConfig({ file }, registry).config);
  return join(folder, "slide_features", "cv");
}

async function tableOf(folder: string, slide: string) {
  const [head, ...lines] = (await Deno.readTextFile(join(folder, `${slide}.csv`))).trim()
    .split("\n");
  const rows = lines.map((line) => line.split(",").map(Number));
  return { head, rows };
}

const clam = { head_type: "clam", variant: "mb", size_arg: "tiny", instance_eval: true };

Deno.test("infer() writes what a model, and what the folds of a group attend to", async () => {
  await inFolder(async (folder) => {
    const group = await trainSlides(folder, clam);
    const one = join(folder, "one");
    const { attention, predictions } = await infer([
      { exp_dir: group, fold: 0, attention_output: one, top_tiles: 2 },
    ]);
    assertEquals([attention?.folder, attention?.slides], [one, predictions.ids.length]);
    const names = await namesIn(one);
    assertEquals(names.length, 4 * predictions.ids.length + 1);
    const top = (await Deno.readTextFile(attention!.file)).trim().split("\n");
    assert(top.length <= 2 * predictions.ids.length + 1 && top[1].startsWith(predictions.ids[0]));
    const { head, rows } = await tableOf(one, predictions.ids[0]);
    assertEquals(head, "x,y,w,h,attention,percentile,score_0,score_1");
    const sum = rows.reduce((sum, row) => sum + row[4], 0);
    assert(Math.abs(sum - 1) < 1e-4);
    assert(rows.every((row) => row[2] === 512 && row[6] > 0 && row[6] < 1));

    // On new data all folds predict: their weights are averaged.
    const data = { dataset: "slide_features", data_root_dir: root, labels_file: null };
    const [all, first, second] = await Promise.all([null, 0, 1].map(async (fold) => {
      const attention_output = join(folder, `all_${fold}`);
      const pred_output = join(folder, `all_${fold}.csv`);
      await infer([{ exp_dir: group, fold, attention_output, pred_output, data }]);
      return await tableOf(attention_output, "00001_1");
    }));
    for (const [tile, row] of all.rows.entries()) {
      // Either class may be the one that both folds predict together.
      const both = [first, second].map(({ rows }) => rows[tile]);
      assertEquals(row.slice(0, 4), both[0].slice(0, 4));
      const mean = (both[0][6] + both[1][6]) / 2;
      assert(Math.abs(row[6] - mean) < 1e-4);
    }
  });
});

Deno.test("infer() finds the tiles of bags that were packed into one file", async () => {
  await inFolder(async (folder) => {
    const packed = join(folder, "packed");
    const data = { ...slides, split_seed: 1 };
    const { config } = resolvePackConfig({ file: { output_dir: packed, data } }, registry);
    const files = await pack(config, { registry });
    const [train, val, test] = files.map(({ file }) => file);
    const file = {
      data: {
        dataset: "precomputed_features",
        num_classes: 2,
        ...{ train_features_file: train, val_features_file: val, test_features_file: test },
      },
      model: {
        encoder: { encoder_type: "precomputed", feature_dim: 32 },
        head: { head_type: "abmil", heads: 2 },
      },
      training: { epochs: 1, seed: 0 },
      exp_dir: folder,
    };
    const { directory } = await listenTo(resolveConfig({ file }, registry).config);
    const attention_output = join(folder, "maps");
    const { predictions } = await infer([{ exp_dir: directory, attention_output }]);
    const last = predictions.ids.at(-1)!;
    const { head, rows } = await tableOf(attention_output, last);
    assertEquals([head, rows[0].slice(0, 4)], [
      "x,y,w,h,attention,percentile",
      [1024, 1024, 512, 512],
    ]);
  });
});

Deno.test("infer() says what attention needs", async () => {
  await inFolder(async (folder) => {
    const group = await trainSlides(folder, { head_type: "mean_pool" });
    const attention_output = join(folder, "maps");
    await assertRejects(
      () => infer([{ exp_dir: group, attention_output }]),
      ConfigError,
      'attention_output: expected a head that attends to the instances of a bag, "mean_pool" does',
    );
    await assertRejects(
      () => infer([{ exp_dir: group, mpp: 0.5 }]),
      ConfigError,
      "mpp: expected none without --attention_output, received 0.5",
    );
  });
});
