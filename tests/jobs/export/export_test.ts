/** Exported files say what the checkpoints say, for batches and bags of any size. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { add } from "../../../engine/ir/elementwise.ts";
import type { Value } from "../../../engine/runtime/session.ts";
import { exportModel } from "../../../jobs/export/export.ts";
import { infer } from "../../../jobs/predict/infer.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { inFolder, namesIn } from "../../_training.ts";
import {
  casesFor,
  clamFlags,
  exportedFrom,
  farthest,
  feedsFor,
  MODELS,
  requireSame,
  saidBy,
  saidByFile,
  strangersHead,
  trainBags,
  trainFeatures,
  trainStranger,
  valuesOf,
} from "./_models.ts";

const floats = ({ data }: Value) => data as Float32Array;

Deno.test("exportModel() writes a head over features, for batches of any size", async () => {
  await inFolder(async (folder) => {
    const run = await trainFeatures(folder);
    const done = await exportModel({ exp_dir: run.directory });
    assertEquals(done.file, join(run.directory, "model.onnx"));
    assertEquals([done.inputs, done.outputs], [
      { features: ["batch", 6] },
      { scores: ["batch", 3], logits: ["batch", 3] },
    ]);
    assertEquals([done.samples, done.real, done.bytes], [
      16,
      true,
      Deno.statSync(done.file).size,
    ]);
    for (const rows of [1, 7, 500]) {
      const feeds = feedsFor(run, [rows]);
      const said = await saidByFile(done.file, feeds);
      const { scores, logits } = await saidBy(run, feeds);
      assert(farthest(floats(said.scores), scores) < 1e-6);
      assert(farthest(floats(said.logits), logits) < 1e-5);
    }
    const names = await namesIn(run.directory);
    assertEquals(names.filter((name) => name.includes("tmp")), []);
  });
});

const BAG_OUTPUTS = ["scores", "logits", "attention", "instance_scores"];
/** How many of them a model of bags has. */
const COUNTS: Readonly<Record<string, number>> = {
  ...{ digits: 2, "CLAM-SB": 4, "CLAM-MB": 4, ABMIL: 3, "stranger's head": 3, "mean pooling": 2 },
  ...{ DSMIL: 4, "folds of CLAM-MB": 4, "folds of features": 2 },
};
const OTHERS: typeof MODELS = {
  "mean pooling": (folder) => trainBags(folder, { "model.head.head_type": "mean_pool" }),
  DSMIL: (folder) => trainBags(folder, { "model.head.head_type": "dsmil" }),
};

for (const [name, count] of Object.entries(COUNTS)) {
  Deno.test(`exportModel() writes ${name}, for samples of any number and length`, async () => {
    await inFolder(async (folder) => {
      const run = await (MODELS[name] ?? OTHERS[name])(folder);
      const exp_dir = exportedFrom(run);
      const cases = await casesFor(run);
      for (const precision of [32, 16] as const) {
        const output = join(folder, `${precision}.onnx`);
        const { registry } = run;
        const { outputs, differences } = await exportModel(
          { exp_dir, precision, output },
          { registry },
        );
        const wanted = [...BAG_OUTPUTS.slice(0, count), ...(run.folds ? ["spread"] : [])];
        assertEquals([Object.keys(outputs), Object.keys(differences)], [wanted, wanted]);
        const tolerance = precision === 32 ? 1e-5 : 5e-3;
        assert(Object.values(differences).every((difference) => difference < tolerance));
        for (const { sizes, feeds, expected } of cases) {
          const said = valuesOf(await saidByFile(output, feeds));
          requireSame(said, expected, { tolerance, of: `${precision} bits, ${sizes}` });
        }
      }
    });
  });
}

Deno.test("exportModel() says of bags what each output is", async () => {
  await inFolder(async (folder) => {
    const { directory } = await trainBags(folder, clamFlags("mb"));
    const { inputs, outputs } = await exportModel({ exp_dir: directory });
    assertEquals(inputs, { lengths: ["batch"], features: ["instances", 8] });
    assertEquals(outputs, {
      scores: ["batch", 2],
      logits: ["batch", 2],
      attention: [2, "instances"],
      instance_scores: ["instances", 2],
    });
  });
});

Deno.test("exportModel() looks a stranger's head up where it is told to", async () => {
  await inFolder(async (folder) => {
    const { directory: exp_dir, registry } = await trainStranger(folder, strangersHead);
    await assertRejects(() => exportModel({ exp_dir }), ConfigError, '"strangers_pool"');
    const { outputs } = await exportModel({ exp_dir }, { registry });
    assertEquals(outputs.attention, [1, "instances"]);
  });
});

/** A head whose attention or logits are others whenever its graph is built. */
function fickleHead(wrong: "attention" | "logits") {
  let built = 0;
  return {
    ...strangersHead,
    key: "fickle",
    create(...given: Parameters<typeof strangersHead.create>) {
      const head = strangersHead.create(...given);
      return {
        ...head,
        forward(...given: Parameters<typeof head.forward>) {
          const output = head.forward(...given);
          return { ...output, [wrong]: add(output[wrong]!, 0.01 * ++built) };
        },
      };
    },
  };
}

for (const wrong of ["attention", "logits"] as const) {
  Deno.test(`exportModel() refuses a file with the right scores and other ${wrong}`, async () => {
    await inFolder(async (folder) => {
      const { directory, registry } = await trainStranger(folder, fickleHead(wrong));
      const given = { exp_dir: directory, output: join(folder, "out", "model.onnx") };
      const error = await assertRejects(() => exportModel(given, { registry }), DataError);
      assertMatch(
        error.message,
        new RegExp(
          `^Cannot export: output "${wrong}" differs from the checkpoint's by 0\\.0[0-9]+ ` +
            `in sample [0-9]+${
              wrong === "attention" ? ", instance [0-9]+" : ""
            }, more than 0\\.0001[0-9]?$`,
        ),
      );
      assertEquals(await namesIn(join(folder, "out")), []);
    });
  });
}

Deno.test("exportModel() makes the folds of a group one model", async () => {
  await inFolder(async (folder) => {
    const flags = { "training.cv_folds": "2", "logger.group": "cv" };
    const { directory } = await trainBags(folder, { ...flags, "model.head.variant": "mb" });
    const group = join(directory, "..");
    const output = join(folder, "new", "ensemble.onnx");
    const { file, checkpoints } = await exportModel({ exp_dir: group, output });
    assertEquals([file, checkpoints.length], [output, 2]);
    const runs = checkpoints.map((path) => join(path, "..", ".."));
    const given = runs.map((directory) => ({ directory, sampleShape: [8], bags: true }));
    const feeds = feedsFor(given[0], [4, 9]);
    const { scores, spread, logits, attention } = await saidByFile(file, feeds);
    const each = await Promise.all(given.map((run) => saidBy(run, feeds)));
    const mean = each[0].scores.map((one, at) => (one + each[1].scores[at]) / 2);
    assert(farthest(floats(scores), mean) < 1e-6);
    const half = each[0].scores.map((one, at) => Math.abs(one - each[1].scores[at]) / 2);
    assert(farthest(floats(spread), half.map((one) => one * Math.SQRT2)) < 1e-6);
    assert(farthest(floats(logits), mean.map(Math.log)) < 1e-4);
    const softmax = (values: Float32Array) => {
      const powers = values.map(Math.exp);
      const sum = powers.reduce((a, b) => a + b);
      return Array.from(powers, (value) => value / sum);
    };
    const first = each.map(({ predictions }) => softmax(predictions[0].attention![0]));
    const weights = first[0].map((one, at) => (one + first[1][at]) / 2);
    assert(farthest(floats(attention).slice(0, 4).map(Math.exp), weights) < 1e-5);

    const alone = await exportModel({ exp_dir: group, fold: 1, output });
    assertEquals(alone.checkpoints, [checkpoints[1]]);
    const { predictions } = await infer([{ exp_dir: group, fold: 1 }]);
    assertEquals(predictions.scores.length > 0, true);
  });
});

Deno.test("exportModel() stores weights as float16, half as large", async () => {
  await inFolder(async (folder) => {
    const run = await trainBags(folder, { "model.head.variant": "sb" });
    const whole = await exportModel({ exp_dir: run.directory });
    const output = join(folder, "half.onnx");
    const half = await exportModel({ exp_dir: run.directory, precision: 16, output });
    assert(half.bytes < 0.65 * whole.bytes, `${half.bytes} of ${whole.bytes} bytes`);
    const feeds = feedsFor(run, [5, 30]);
    const { scores } = await saidBy(run, feeds);
    assert(farthest(floats((await saidByFile(output, feeds)).scores), scores) < 5e-3);
  });
});

Deno.test("exportModel() compares random numbers where the run's data is gone", async () => {
  await inFolder(async (folder) => {
    const run = await trainFeatures(folder);
    await Deno.remove(join(folder, "test.h5"));
    const notices: string[] = [];
    const onNotice = (line: string) => notices.push(line);
    const { real, samples } = await exportModel({ exp_dir: run.directory }, { onNotice });
    assertEquals([real, samples, notices.length], [false, 4, 1]);
    assert(notices[0].startsWith("the run's data cannot be read, random numbers are compared: "));
    assert(notices[0].includes("test.h5"));
  });
});

Deno.test("exportModel() refuses what it cannot do, and leaves no file", async () => {
  await inFolder(async (folder) => {
    const run = await trainFeatures(folder);
    const exp_dir = run.directory;
    const named = { exp_dir, output: "model.pt" };
    await assertRejects(() => exportModel(named), ConfigError, "a name that ends in .onnx");
    const images = { exp_dir, with_preprocessing: true };
    await assertRejects(() => exportModel(images), ConfigError, "expected a model of images");
    await assertRejects(() => exportModel({}), ConfigError, "expected a run");
    await assertRejects(() => exportModel({ exp_dir: folder }), DataError, "is not a run");
    assertEquals((await namesIn(exp_dir)).includes("model.onnx"), false);
  });
});
