/** Slide directories as CLAM, TRIDENT and STAMP write them, one command each. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { trainCommand } from "../../cli/train.ts";
import { PRODUCERS, SLIDES, writeCohort, writeSlide, writeTable, writeTensor } from "../_slides.ts";
import { checkpointBytes, inFolder, readRunJson } from "../_training.ts";
import { listener } from "./_fakes.ts";

const MODEL = "--data.dataset slide_features --model.encoder.encoder_type precomputed " +
  "--model.encoder.feature_dim 32 --model.head.head_type clam --model.head.variant sb " +
  "--dataloading.batch_size 1 --optimizer.name Adam " +
  "--optimizer.lr 2e-4 --optimizer.weight_decay 1e-5 --optimizer.warmup_epochs 0 " +
  "--training.best_checkpoint_metric val_loss --training.seed 0 --task.metrics auroc f1_per_class";

/** Runs a command line. */
async function run(words: readonly string[]) {
  const io = listener();
  const code = await trainCommand(words, { io, listen: () => () => {} });
  const directories = io.outLines.flatMap((line) => /^run ([^\s,]+)/.exec(line)?.[1] ?? []);
  return { code, out: io.outLines, err: io.errLines, directories };
}

/** Flags of a dataset. */
function flags({ root, ...options }: Readonly<Record<string, string | readonly string[]>>) {
  const data = Object.entries({ data_root_dir: root, ...options });
  return data.flatMap(([name, value]) => [`--data.${name}`, ...[value].flat()]);
}

/** Trains on a folder for some epochs. */
async function train(folder: string, epochs: number, data: readonly string[]) {
  const done = await run([
    ...MODEL.split(" "),
    ...data,
    "--training.epochs",
    String(epochs),
    "--exp_dir",
    folder,
  ]);
  assertEquals([done.code, done.err.filter((line) => !line.startsWith("note: left out: "))], [
    0,
    [],
  ]);
  return done;
}

interface Metrics {
  readonly test: { readonly test_AUROC: number };
}

Deno.test("the folders of CLAM, TRIDENT and STAMP train by one command each, AUC at least 0.9", async () => {
  await inFolder(async (folder) => {
    const folds = { clam: ["--data.fold", "0"], trident: [], stamp: ["--data.fold", "0"] };
    for (const [producer, fold] of Object.entries(folds)) {
      const options = PRODUCERS[producer as keyof typeof folds];
      const { out, err, directories: [directory] } = await train(folder, 20, [
        ...flags(options),
        ...fold,
      ]);
      const { test } = readRunJson<Metrics>(directory, "metrics.json");
      assert(test.test_AUROC >= 0.9, `${producer}: ${test.test_AUROC}`);
      const names = producer === "trident" ? ["0", "1"] : ["normal", "tumor"];
      assertEquals(out[2], `classes ${names.join(", ")}`);
      assertEquals(out.at(-2)!.includes(`test_F1_class_1 (${names[1]}) `), true);
      const { data } = readRunJson<{ data: Record<string, unknown> }>(
        directory,
        "resolved_config.json",
      );
      assertEquals([data.class_names, data.num_classes], [names, 2]);
      assertEquals(readRunJson(directory, "runtime_info.json").class_names, names);
      assertEquals(err.length, producer === "trident" ? 3 : 0);
    }
  });
});

Deno.test("the .pt files of CLAM train to the same bits as the .h5 files", async () => {
  await inFolder(async (folder) => {
    const { root, ...options } = PRODUCERS.clam;
    const runs = [];
    for (const kind of [root, join(SLIDES, "clam", "features", "pt_files")]) {
      const data = flags({ root: kind, ...options });
      const { directories: [directory] } = await train(folder, 2, [...data, "--data.fold", "0"]);
      runs.push(directory);
    }
    assertEquals(readRunJson(runs[1], "metrics.json"), readRunJson(runs[0], "metrics.json"));
    assertEquals(checkpointBytes(runs[1]), checkpointBytes(runs[0]));
  });
});

Deno.test("four folds of patients are trained, and summed up as mean and deviation", async () => {
  await inFolder(async (folder) => {
    const { root, labels_file } = PRODUCERS.clam;
    const data = flags({ root, labels_file });
    const { out, directories } = await train(folder, 1, [...data, "--training.cv_folds", "4"]);
    assertEquals(directories.length, 4);
    const tested: string[] = [];
    for (const directory of directories) {
      const splits = readRunJson<Record<string, string[]>>(directory, "splits.json");
      const patients = ["train", "val", "test"].map((side) =>
        new Set(splits[side].map((id) => id.startsWith("TCGA") ? id.slice(0, 12) : id.slice(0, 5)))
      );
      const all = patients.flatMap((found) => [...found]);
      assertEquals(new Set(all).size, all.length);
      tested.push(...splits.test);
    }
    assertEquals([tested.length, new Set(tested).size], [40, 40]);
    const { metrics } = readRunJson<{ metrics: { AUROC: { values: number[] } } }>(
      join(directories[0], ".."),
      "metrics_folds.json",
    );
    assertEquals(metrics.AUROC.values.length, 4);
    const number = String.raw`-?[\d.e-]+ ± [\d.e-]+`;
    const line = new RegExp(
      `^4 folds: val_loss ${number}, test_loss ${number}, test_AUROC ${number},`,
    );
    assertEquals(line.test(out.at(-2)!), true);
  });
});

Deno.test("the split that a run has written can be given back", async () => {
  await inFolder(async (folder) => {
    const { root, labels_file } = PRODUCERS.clam;
    const first = await train(folder, 1, flags({ root, labels_file, split_seed: "3" }));
    const split_file = join(first.directories[0], "splits.json");
    const again = await train(folder, 1, flags({ root, labels_file, split_file }));
    for (const name of ["metrics.json", "splits.json"]) {
      assertEquals(
        readRunJson(again.directories[0], name),
        readRunJson(first.directories[0], name),
      );
    }
  });
});

Deno.test("bad input is one line each that names file and row", async () => {
  await inFolder(async (folder) => {
    const labels_file = await writeCohort(folder, 6);
    const table = (name: string, ...lines: string[]) => writeTable(join(folder, name), ...lines);
    const rows = (await Deno.readTextFile(labels_file)).trim().split("\n");
    const more = (name: string, ...lines: string[]) => table(name, ...rows, ...lines);
    const message = async (
      options: Readonly<Record<string, string | readonly string[]>>,
      root = folder,
    ) => {
      const words = MODEL.replace("feature_dim 32", "feature_dim 2").split(" ");
      const data = flags({ root, labels_file, ...options });
      const done = await run([
        ...words,
        ...data,
        "--exp_dir",
        join(folder, "runs"),
        "--training.epochs",
        "1",
      ]);
      assertEquals([done.code, done.out.some((line) => line.startsWith("epoch "))], [1, false]);
      return done.err.at(-1)!.replaceAll(`${folder}/`, "");
    };
    assertEquals(
      await message({ label_columns: ["grade"] }),
      'Cannot read "labels.csv": it has no column "grade", its columns are "case_id", "slide_id", "label"',
    );
    assertEquals(
      await message({ class_names: ["a", "c"] }),
      'Cannot use "labels.csv": the label of "s2" (line 4 of "labels.csv") is "b", which is not among ' +
        'data.class_names "a", "c"; data.ignore_labels leaves it out',
    );
    assertEquals(
      await message({ labels_file: await table("empty.csv", rows[0]) }),
      'Cannot use "empty.csv": it has no rows',
    );
    assertEquals(
      await message({ labels_file: await more("twice.csv", "p0,s0,b") }),
      'Cannot use "twice.csv": it gives slide "s0" the labels "a" (line 2 of "twice.csv") and "b" ' +
        '(line 14 of "twice.csv")',
    );
    assertEquals(
      await message({ labels_file: await more("unknown.csv", "p9,s99,b"), strict: "true" }),
      'Cannot use "unknown.csv": 1 slide of "unknown.csv" without a feature file below ' +
        `"${folder}": "s99"`,
    );
    const split = async (content: unknown) => {
      await Deno.writeTextFile(join(folder, "splits.json"), JSON.stringify(content));
      return await message({ split_file: join(folder, "splits.json") });
    };
    assertEquals(
      await split({ train: ["s0", "s2"], test: ["s1"] }),
      'Cannot use "splits.json": patient "p0" is on two sides, "s0" in train and "s1" in test',
    );
    assertEquals(
      await split({ train: ["s0", "s77"], test: ["s2"] }),
      'Cannot use "splits.json": "s77" (train, train[1]) is not a slide or patient of "labels.csv"',
    );
    await writeSlide(join(folder, "s3.h5"), [3, 4]);
    assertEquals(
      await message({}),
      'Cannot use "s3.h5": its features are 4 wide, those of "s0.h5" 2',
    );
    const bytes = await Deno.readFile(join(folder, "s2.h5"));
    await Deno.writeFile(join(folder, "s3.h5"), bytes.slice(0, 1000));
    assertEquals((await message({})).startsWith('Cannot read "s3.h5": '), true);
    await Deno.remove(join(folder, "s3.h5"));
    await writeTensor(join(folder, "s3.pt"), [2, 2], Float32Array.of(1, 2, 3, NaN));
    assertEquals(await message({}), 'Cannot read "s3.pt": row 1 holds NaN');
  });
});
