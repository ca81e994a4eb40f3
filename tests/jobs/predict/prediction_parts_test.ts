import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { infer, type Inference } from "../../../jobs/predict/infer.ts";
import type { InferFields } from "../../../registry/config/infer.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { type Flags, inFolder, runTrain, writeSplits } from "../../_training.ts";

const FLAGS: Flags = { "task.metrics": '["acc"]', "dataloading.eval_batch_size": "4" };

/** Predicts in parts, and joins them. */
async function inParts(fields: Partial<InferFields>, count: number): Promise<Inference> {
  for (let index = count; index >= 1; index--) {
    const { part, metrics } = await infer([{ ...fields, shard: `${index}/${count}` }]);
    assertEquals([part, metrics], [{ index, count }, undefined]);
  }
  return await infer([{ ...fields, merge: "auto" }]);
}

Deno.test("infer() joins parts to the table of one run", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const { done: { directory } } = await runTrain(files, FLAGS);
    for (const split of ["test", "all"] as const) {
      const [whole, parts] = ["whole", "parts"].map((name) => join(folder, `${split}_${name}.csv`));
      const fields = { exp_dir: directory, split };
      const one = await infer([{ ...fields, pred_output: whole }]);
      const joined = await inParts({ ...fields, pred_output: parts }, 3);
      assertEquals(Deno.readTextFileSync(parts), Deno.readTextFileSync(whole));
      assertEquals([joined.metrics, joined.evaluation], [one.metrics, one.evaluation]);
    }
  });
});

Deno.test("infer() joins parts of ensembles, and no parts of other work", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const { results } = await runTrain(files, { ...FLAGS, "training.cv_folds": "2" });
    const group = join(results[0].directory, "..");
    for (const split of ["test", "val"] as const) {
      const [whole, parts] = ["whole", "parts"].map((name) => join(folder, `${split}_${name}.csv`));
      await infer([{ exp_dir: group, split, pred_output: whole }]);
      await inParts({ exp_dir: group, split, pred_output: parts }, 2);
      assertEquals(Deno.readTextFileSync(parts), Deno.readTextFileSync(whole));
    }
    const fields = { exp_dir: group, split: "test", pred_output: join(folder, "test_parts.csv") };
    const other = { ...fields, exp_dir: results[0].directory } as Partial<InferFields>;
    await infer([{ ...other, shard: "2/2" }]);
    const joining = () => infer([{ ...other, merge: 2 }]);
    const { message } = await assertRejects(joining, DataError);
    assertEquals(message.includes('test_parts.csv.shard-2-of-2.part": its checkpoints is'), true);
    for (const precision of ["highest", "medium"] as const) {
      const shard = precision === "medium" ? "1/2" : "2/2";
      await infer([{ ...other, shard, float32_matmul_precision: precision }]);
    }
    const mixed = await assertRejects(joining, DataError);
    assertMatch(mixed.message, /its float32_matmul_precision is missing, that of .* is medium$/);
    const many = await assertRejects(() => infer([{ ...other, shard: "1/99" }]), ConfigError);
    assertEquals(
      /at most \d+ parts of the \d+ samples of .* batches of 4/.test(many.message),
      true,
    );
    const maps = { ...other, shard: "1/2", attention_output: folder };
    const refused = await assertRejects(() => infer([maps]), ConfigError);
    assertEquals(refused.message.startsWith("attention_output: expected none with --shard"), true);
  });
});
