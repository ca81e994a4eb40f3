/** `glovita_infer` as a user types it: runs, folds, new slides without a table. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { inferCommand } from "../../cli/infer.ts";
import { PRODUCERS, SLIDES } from "../_slides.ts";
import { inFolder, listenTo, runTrain, writeSplits } from "../_training.ts";
import { resolveConfig } from "../../registry/config/resolve.ts";
import { registry } from "../../registry/registry.ts";
import { listener } from "./_fakes.ts";
import { startCommand } from "./_process.ts";

async function run(...words: readonly string[]) {
  const io = listener();
  const code = await inferCommand(words, { io, listen: () => () => {} });
  return { code, out: io.outLines, err: io.errLines };
}

Deno.test("glovita_infer prints what was measured and where the table is", async () => {
  await inFolder(async (folder) => {
    const { done } = await runTrain(await writeSplits(folder));
    const { directory } = done;
    const { code, out, err } = await run("--exp_dir", directory);
    assertEquals([code, err], [0, []]);
    const digits = (value: number) => Number.isInteger(value) ? String(value) : value.toFixed(4);
    const intervals = out.map((line) => line.replace(/ \[\d\.?\d*, \d\.?\d*\]$/, ""));
    assertEquals(out.filter((line) => line.endsWith("]")).length, 2);
    assertEquals(intervals, [
      `model ${directory}/checkpoints/best.pt`,
      "test: 18 samples",
      `  test_Accuracy ${digits(done.test!.test_Accuracy)}`,
      `  test_F1 ${digits(done.test!.test_F1)}`,
      `predictions: ${directory}/predictions.csv`,
    ]);
    const last = await run("--checkpoint_path", `${directory}/checkpoints/last.pt`, "--split=val");
    assertEquals([last.code, last.out[1]], [0, "val: 24 samples"]);
    const chosen = await run("--exp-dir", directory, "--metrics", "auroc", "mse");
    assertEquals(chosen.out.filter((line) => line.startsWith("  ")).length, 1);
    assertEquals(chosen.err, [
      'note: metric "mse" is not defined for multiclass targets and is left out',
    ]);
  });
});

Deno.test("a directory of new slides is one flag away, with a table or without", async () => {
  await inFolder(async (folder) => {
    const { root, labels_file } = PRODUCERS.clam;
    const file = {
      data: { dataset: "slide_features", data_root_dir: root, labels_file, split_seed: 1 },
      model: {
        encoder: { encoder_type: "precomputed", feature_dim: 32 },
        head: { head_type: "clam", variant: "sb", size_arg: "tiny" },
      },
      task: { metrics: ["auroc"] },
      training: { epochs: 1, seed: 0, cv_folds: 2 },
      logger: { group: "cv" },
      exp_dir: folder,
    };
    await listenTo(resolveConfig({ file }, registry).config);
    const group = join(folder, "slide_features", "cv");
    const own = await run("--exp_dir", group);
    assertEquals([own.code, own.out[2]], [0, "test: 40 samples of 26 patients"]);
    assertEquals(own.err, [
      "note: each of the 2 folds predicts a test split of its own: nothing is averaged",
    ]);
    const table = join(folder, "new.csv");
    const trident = join(SLIDES, "trident");
    const labelled = await run("--exp_dir", group, "--data.data_root_dir", trident);
    assertEquals([labelled.code, labelled.out[2]], [0, "test: 40 samples of 26 patients"]);
    const bare = [
      "--exp_dir",
      group,
      "--data.data_root_dir",
      trident,
      "--data.labels_file",
      "none",
    ];
    const plain = await run(...bare, "--pred_output", table);
    assertEquals(plain.out.slice(2), [
      "test: 40 samples",
      "  no labels, so nothing is measured",
      `predictions: ${table}`,
    ]);
    const [head, first] = (await Deno.readTextFile(table)).split("\n");
    assertEquals(head, "id,predicted,predicted_name,prob_normal,prob_tumor,sd_normal,sd_tumor");
    assertEquals(first.startsWith("00001_1,"), true);
  });
});

Deno.test("what is wrong is one line, with exit code 2 for words and 1 for data", async () => {
  await inFolder(async (folder) => {
    const nothing = await run();
    const expected = "exp_dir: expected a run, a group of folds, or --checkpoint_path";
    assertEquals([nothing.code, nothing.err], [2, [expected]]);
    const none = await run("--exp_dir", join(folder, "none"));
    assertEquals([none.code, none.err], [1, [
      `Cannot load a model: "${folder}/none" does not exist`,
    ]]);
    const { done } = await runTrain(await writeSplits(folder));
    const wrong = await run("--exp_dir", done.directory, "--split", "dev");
    assertEquals([wrong.code, wrong.err.length], [2, 1]);
    const gone = await run(
      "--exp_dir",
      done.directory,
      "--data.test_features_file",
      join(folder, "gone.h5"),
    );
    assertEquals([gone.code, gone.err], [1, [
      `Cannot read "${folder}/gone.h5": the file does not exist`,
    ]]);
  });
});

Deno.test("glovita_infer takes its part from the cluster, and joins the parts that it finds", async () => {
  await inFolder(async (folder) => {
    const { directory } = await runTrain(await writeSplits(folder));
    const task = async (id: number, ...more: string[]) => {
      const array = { MIN: "0", MAX: "2", COUNT: "3", ID: String(id) };
      const env = Object.entries(array).map(([name, value]) => [`SLURM_ARRAY_TASK_${name}`, value]);
      const args = ["--exp_dir", directory, "--dataloading.eval_batch_size", "4", ...more];
      return await startCommand("infer", args, { env: Object.fromEntries(env) }).finished;
    };
    const table = join(folder, "parts.csv");
    const part = (id: number) => task(id, "--pred_output", table, "--shard", "auto");
    const second = await part(1);
    assertEquals([second.code, second.err], [0, ["note: part 2 of 3, by SLURM_ARRAY_TASK_ID=1"]]);
    assertEquals(second.out.at(-2), "  part 2 of 3: --merge 3 joins and measures");
    const early = await task(0, "--pred_output", table, "--merge", "auto");
    const missing = [1, 3].map((index) => `parts.csv.shard-${index}-of-3.part`).join(", ");
    assertEquals([early.code, early.err.length], [1, 1]);
    assertStringIncludes(early.err[0], `2 of 3 parts are missing: ${missing}`);
    const none = await part(3);
    assertEquals([none.code, none.err.length], [2, 1]);
    assertStringIncludes(none.err[0], "shard: expected one of 3 parts");
    for (const id of [0, 1, 2]) assertEquals((await part(id)).code, 0);
    const merged = await task(0, "--pred_output", table, "--merge", "auto");
    const whole = await task(0, "--pred_output", join(folder, "whole.csv"));
    assertEquals([merged.code, merged.out.slice(0, -1)], [0, whole.out.slice(1, -1)]);
    assertEquals(Deno.readTextFileSync(table), Deno.readTextFileSync(join(folder, "whole.csv")));
  });
});
