/** Plans for the directories and files that people have, and the runs that their configs make. */
import "../../../plugins/mod.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { FeatureWriter } from "../../../engine/features/feature_writer.ts";
import { type Plan, plan, type PlanOptions } from "../../../jobs/plan/plan.ts";
import { train } from "../../../jobs/train/train.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { registry } from "../../../registry/registry.ts";
import { flag } from "../../../registry/config/flag.ts";
import { inFolder, writeHdf5 } from "../../_training.ts";
import { SLIDES } from "./_slides.ts";

type Options = Readonly<Record<string, unknown>>;

function planOf(key: string, options: Options, more: PlanOptions = {}): Promise<Plan> {
  return plan([{ slot: "dataset", key, options }], more);
}

const slides = (options: Options, more?: PlanOptions) => planOf("slide_features", options, more);
const packed = (options: Options, more?: PlanOptions) =>
  planOf("precomputed_features", options, more);

function valueOf({ decisions }: Plan, path: string): unknown {
  return decisions.find((decision) => decision.path === path)?.value;
}

/** Trains with the config of a plan, for few epochs where that is said. */
async function trainOn({ config }: Plan, folder: string, epochs?: number) {
  const flags = epochs === undefined ? [] : [flag("training.epochs", String(epochs))];
  const { config: resolved, given } = resolveConfig({
    file: config,
    flags: [...flags, flag("exp_dir", folder)],
  });
  const notices: string[] = [];
  const runs = await train(resolved, {
    given,
    onEvent: (event) => event.type === "notice" && notices.push(event.message),
  });
  return { runs, notices };
}

async function refusal(planning: Promise<Plan>): Promise<string> {
  const { message } = await assertRejects(() => planning, ConfigError);
  assertEquals(message.includes("\n"), false);
  return message;
}

/** Writes bags or vectors of two classes, which the first number tells. */
async function writeFile(
  path: string,
  { lengths, labels }: { readonly lengths?: readonly number[]; readonly labels: readonly number[] },
): Promise<string> {
  const embedDim = 4;
  const writer = await FeatureWriter.create(path, { embedDim });
  for (const [index, label] of labels.entries()) {
    const count = lengths?.[index] ?? 1;
    const features = Float32Array.from(
      { length: count * embedDim },
      (_, at) => at % embedDim === 0 ? label : Math.sin(at + index),
    );
    if (lengths) writer.appendBag(features, label);
    else writer.append(features, [label]);
  }
  writer.close();
  return path;
}

Deno.test("plan() finds columns, classes, width and a head for slides of CLAM, TRIDENT and STAMP", async () => {
  for (const [name, options] of Object.entries(SLIDES)) {
    const planned = await slides(options);
    const { config } = resolveConfig({ file: planned.config });
    assertEquals(valueOf(planned, "model.encoder.feature_dim"), 32, name);
    assertEquals([config.model.head.head_type, config.model.head.variant], ["clam", "sb"], name);
    assertEquals(config.data.num_classes, 2, name);
    const columns = [config.data.slide_column, config.data.patient_column];
    assertEquals(columns, name === "stamp" ? ["FILENAME", "PATIENT"] : ["slide_id", "case_id"]);
    assertEquals(config.training.cv_folds, name === "clam" ? 1 : 4, name);
    const reasons = Object.keys((planned.config.add_log as { plan: object }).plan);
    assertEquals(reasons, planned.decisions.map(({ path }) => path), name);
    assert(planned.decisions.every(({ reason }) => reason !== ""), name);
  }
});

Deno.test("a planned config of folds trains them all, without a note about itself", async () => {
  await inFolder(async (folder) => {
    const { runs, notices } = await trainOn(await slides(SLIDES.trident), folder, 1);
    assertEquals(runs.length, 4);
    assert(runs.every(({ test }) => test !== undefined));
    assertEquals(notices.filter((line) => !line.startsWith("left out")), []);
  });
});

Deno.test("a planned recipe learns slides of CLAM, TRIDENT and STAMP", async () => {
  const cases = [
    SLIDES.clam,
    { ...SLIDES.trident, split_column: "fold_0" },
    { ...SLIDES.stamp, fold: 0 },
  ];
  for (const options of cases) {
    await inFolder(async (folder) => {
      const planned = await slides(options, { folds: 1 });
      const { runs: [run] } = await trainOn(planned, folder, 20);
      assert(run.test!.test_AUROC >= 0.9, `${options.labels_file}: ${run.test!.test_AUROC}`);
    });
  }
});

Deno.test("plan() divides patients where nothing gives splits", async () => {
  const { data_root_dir, labels_file } = SLIDES.clam;
  const planned = await slides({ data_root_dir, labels_file });
  const fractions = ["val_fraction", "test_fraction"].map((name) =>
    valueOf(planned, `data.${name}`)
  );
  assertEquals(fractions, [0.2, 0.2]);
  const folds = await slides({ data_root_dir, labels_file }, { folds: 3 });
  assertEquals([valueOf(folds, "training.cv_folds"), valueOf(folds, "data.test_fraction")], [
    3,
    undefined,
  ]);
});

Deno.test("plan() leaves what is given as it is", async () => {
  const planned = await plan([
    { slot: "dataset", key: "slide_features", options: SLIDES.clam },
    { training: { epochs: 7 }, optimizer: { lr: 0.5 } },
  ]);
  const { training, optimizer } = resolveConfig({ file: planned.config }).config;
  assertEquals([training.epochs, optimizer.lr], [7, 0.5]);
  assertEquals(valueOf(planned, "training.epochs"), undefined);
});

Deno.test("plan() asks in one line for what it cannot decide", async () => {
  const { label_columns: _, ...stamp } = SLIDES.stamp;
  const { labels_file: _file, ...clam } = SLIDES.clam;
  const cases: [Promise<Plan>, string][] = [
    [
      slides(stamp),
      'plan needs --label_columns: one of "tumor", "grade", "OS_time", "OS_event", "age"',
    ],
    [slides({ ...stamp, label_columns: ["OS_time"] }), "plan needs --task: the labels are 26"],
    [slides(clam), "plan needs --labels_file: the table of labels"],
    [slides(SLIDES.trident, { folds: 9 }), "plan needs --folds: at most 4"],
    [slides(SLIDES.stamp, { folds: 1 }), 'plan needs --fold: one of "0", "1", "2", "3"'],
    [slides(SLIDES.clam, { folds: 4 }), "plan needs --folds: at most 1, as many as "],
    [packed({ val_features_file: "b.h5" }), "plan needs --train_features_file"],
  ];
  for (const [planning, line] of cases) assertStringIncludes(await refusal(planning), line);
});

Deno.test("plan() asks for the folder where two files may be a slide", async () => {
  await inFolder(async (folder) => {
    for (const magnification of ["10x", "20x"]) {
      await Deno.mkdir(`${folder}/${magnification}`);
      await writeFile(`${folder}/${magnification}/a.h5`, { labels: [0, 1] });
    }
    const labels_file = `${folder}/labels.csv`;
    await Deno.writeTextFile(labels_file, "slide_id,label\na,tumor\nb,normal\n");
    assertStringIncludes(
      await refusal(slides({ data_root_dir: folder, labels_file })),
      `plan needs --data_root_dir: one of "${folder}/10x", "${folder}/20x"`,
    );
  });
});

Deno.test("plan() tells several labels and numbers from classes in packed files", async () => {
  await inFolder(async (folder) => {
    const write = (name: string, labels: Float32Array, width: number) =>
      writeHdf5(`${folder}/${name}.h5`, {
        features: { data: new Float32Array(8 * 3).fill(1), shape: [8, 3] },
        labels: { data: labels, shape: width === 1 ? [8] : [8, width] },
      });
    const both = (file: string) => ({ train_features_file: file, val_features_file: file });
    const binary = await write("binary", Float32Array.from({ length: 16 }, (_, at) => at % 2), 2);
    const planned = await packed(both(binary));
    const { data, model, task } = resolveConfig({ file: planned.config }).config;
    assertEquals([data.subtask, data.num_classes, model.head.head_type], [
      "multilabel",
      2,
      "classification",
    ]);
    assertEquals(task.metrics, ["ap", "auroc"]);
    const numbers = await write("numbers", Float32Array.from({ length: 8 }, (_, at) => at / 3), 1);
    assertStringIncludes(
      await refusal(packed(both(numbers))),
      'plan needs --subtask: "regression"',
    );
    const regression = await packed({ ...both(numbers), task: "Regression" });
    assertEquals(valueOf(regression, "model.head.out_dim"), 1);
    assertEquals(valueOf(regression, "training.best_checkpoint_metric"), "val_loss");
  });
});

Deno.test("plan() says which targets no registered head takes", async () => {
  const options = { ...SLIDES.stamp, label_columns: ["age"], task: "Regression" };
  if (registry.has("head_type", "abmil")) {
    assertEquals(valueOf(await slides(options), "model.head.head_type"), "abmil");
    return;
  }
  assertStringIncludes(await refusal(slides(options)), "no registered head takes bags");
});

Deno.test("plan() makes a linear head of the digits that learns them", async () => {
  const file = (split: string) =>
    fileURLToPath(new URL(`../../../digits/digits_${split}.h5`, import.meta.url));
  await inFolder(async (folder) => {
    const planned = await packed({
      train_features_file: file("train"),
      val_features_file: file("val"),
      test_features_file: file("test"),
    });
    assertEquals(valueOf(planned, "data.num_classes"), 10);
    assertEquals(valueOf(planned, "model.head.head_type"), "classification");
    const { runs: [{ test }] } = await trainOn(planned, folder, 20);
    assert(test!.test_AUROC > 0.97, String(test!.test_AUROC));
  });
});

Deno.test("plan() sets the numbers of packed bags by their lengths and classes", async () => {
  await inFolder(async (folder) => {
    const labels = Array.from({ length: 200 }, (_, index) => Number(index % 4 === 0));
    const lengths = labels.map((_, index) => index % 40 === 39 ? 3000 : 40 + index % 3);
    const train_features_file = await writeFile(`${folder}/train.h5`, { lengths, labels });
    const val_features_file = await writeFile(`${folder}/val.h5`, {
      lengths: lengths.slice(0, 20),
      labels: labels.slice(0, 20),
    });
    const planned = await packed({ train_features_file, val_features_file });
    assertEquals(valueOf(planned, "data.max_instances"), 42);
    assertEquals(valueOf(planned, "dataloading.batch_size"), 2);
    assertEquals(valueOf(planned, "dataloading.weighted_sampling"), true);
    assertEquals(valueOf(planned, "model.head.instance_eval"), true);
    assertEquals(valueOf(planned, "training.best_checkpoint_metric"), "val_loss");
    const { reason } = planned.decisions.find(({ path }) => path === "data.max_instances")!;
    assertStringIncludes(reason, "3,000 instances");
    const { runs } = await trainOn(planned, folder, 1);
    assertEquals(runs.length, 1);
  });
});
