/** The commands that a user types first, on real digits: 64 features, 10 classes. */
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { trainCommand } from "../../cli/train.ts";
import { checkpointBytes, inFolder, readRunJson } from "../_training.ts";
import { listener } from "./_fakes.ts";

const DIGITS = fileURLToPath(new URL("../../digits", import.meta.url));
const file = (split: string) => join(DIGITS, `digits_${split}.h5`);

const FILES = `--data.data_root_dir . --data.num_classes 10 --data.train_features_file ${
  file("train")
} --data.val_features_file ${file("val")}`;
const EXPLICIT = `--data.dataset precomputed_features ${FILES} ` +
  "--model.encoder.encoder_type precomputed --model.encoder.feature_dim 64 " +
  "--model.head.head_type classification";
const SHORTHAND =
  `data:precomputed-features-config ${FILES} model.encoder:precomputed-encoder-config ` +
  "--model.encoder.feature_dim 64 model.head:classification-head-config " +
  "peft:full-finetuning-config logger:no-logger-config";

/** Runs a command line, which must succeed. Returns its lines and the run directory. */
async function run(line: string): Promise<{ out: string[]; directory: string }> {
  const io = listener();
  const code = await trainCommand(line.split(" "), { io, listen: () => () => {} });
  const ignored = "note: ignored: data.data_root_dir (not used by this run)";
  assertEquals([code, io.errLines], [0, [ignored]]);
  const out = io.outLines;
  const directory = out[0].replace("run ", "");
  return { out, directory };
}

Deno.test("glovita_train learns the digits", async () => {
  await inFolder(async (folder) => {
    for (const seed of [0, 1, 2]) {
      const { directory } = await run(
        `${EXPLICIT} --data.test_features_file ${file("test")} --optimizer.lr 0.01 ` +
          "--optimizer.warmup_epochs 0 --training.epochs 30 " +
          `--training.seed ${seed} --exp_dir ${folder}`,
      );
      const { test } = readRunJson<{ test: { test_Accuracy: number } }>(directory, "metrics.json");
      assert(test.test_Accuracy >= 0.95, `seed ${seed}: ${test.test_Accuracy}`);
    }
  });
});

Deno.test("glovita_train takes the documented command, in both styles", async () => {
  await inFolder(async (folder) => {
    const runs = [];
    for (const style of [EXPLICIT, SHORTHAND]) {
      runs.push(
        await run(
          `${style} --dataloading.batch_size 512 --training.epochs 3 --training.seed 0 ` +
            `--exp_dir ${folder}`,
        ),
      );
    }
    const [explicit, shorthand] = runs;
    for (const name of ["config.json", "resolved_config.json", "metrics.json"]) {
      assertEquals(
        readRunJson(shorthand.directory, name),
        readRunJson(explicit.directory, name),
      );
    }
    assertEquals(checkpointBytes(shorthand.directory), checkpointBytes(explicit.directory));
    assertEquals(explicit.out.length, 7);
    assertEquals(explicit.out.at(-2)?.endsWith(`, run ${explicit.directory}`), true);
    assertEquals(explicit.out.at(-1), `to see it: glovita_report ${explicit.directory}`);
  });
});
