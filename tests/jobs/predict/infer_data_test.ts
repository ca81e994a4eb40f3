import { assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { openInferData } from "../../../jobs/predict/infer_data.ts";
import type { InferFields } from "../../../registry/config/infer.ts";
import { registry } from "../../../registry/registry.ts";
import "../../../plugins/mod.ts";
import { type Files, type Flags, inFolder, runConfig, writeSplits } from "../../_training.ts";

interface Choice {
  readonly split?: InferFields["split"];
  readonly fold?: number;
  readonly isNew?: boolean;
}

/** Split and number of samples of what is predicted. */
async function parts(files: Files, flags: Flags, { split = null, fold, isNew = false }: Choice) {
  const config = runConfig(files, flags);
  const { parts } = await openInferData({ registry, config, fold, isNew, split });
  return parts.map(({ name, split, subset }) => [name, (subset ?? split).length]);
}

Deno.test("the test split is predicted, or the validation split without one", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    assertEquals(await parts(files, {}, {}), [["test", 18]]);
    const none = { "data.test_features_file": "none" };
    assertEquals(await parts(files, none, {}), [["val", 24]]);
    const all = [["train", 60], ["val", 24], ["test", 18]];
    assertEquals(await parts(files, {}, { split: "all" }), all);
    await assertRejects(
      () => parts(files, none, { split: "test" }),
      DataError,
      "Cannot predict: the dataset has no test split",
    );
  });
});

Deno.test("of a run's own data it is what the run has used", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const half = { "data.data_fraction": "0.5" };
    assertEquals(await parts(files, half, { split: "train" }), [["train", 30]]);
    assertEquals(await parts(files, half, { split: "train", isNew: true }), [["train", 60]]);
    const folds = { "training.cv_folds": "3" };
    assertEquals(await parts(files, folds, { split: "val", fold: 1 }), [["val", 20]]);
    assertEquals(await parts(files, folds, { fold: 1 }), [["test", 18]]);
  });
});
