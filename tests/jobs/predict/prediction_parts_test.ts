import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { infer, type Inference } from "../../../jobs/predict/infer.ts";
import type { ModelPrecision } from "../../../jobs/predict/model_device.ts";
import { partFacts } from "../../../jobs/predict/prediction_parts.ts";
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
    // Here, no layer is wide enough for less precise products, so that both parts are in float32.
    await infer([{ ...other, shard: "1/2", float32_matmul_precision: "medium" }]);
    await joining();
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

Deno.test("parts say how precisely they were computed, where that is not float32", async () => {
  const facts = async (...all: ModelPrecision[]) => {
    const models = all.map((precision) => ({ data: [], precision }));
    const { checkpoints: _, data: __, ...said } = await partFacts([], models, {
      index: 1,
      count: 2,
    });
    return said;
  };
  const [whole, half] = ([32, 16] as const).map((compute) =>
    ({ compute, matmul: "highest" }) as const
  );
  const medium = { compute: 32, matmul: "medium" } as const;
  assertEquals(await facts(whole), { shard: "1/2" });
  assertEquals(await facts(half), { shard: "1/2", precision_compute: "16" });
  assertEquals(await facts(half, whole), { shard: "1/2", precision_compute: "16 32" });
  assertEquals(await facts(medium), { shard: "1/2", float32_matmul_precision: "medium" });
});
