import { assert, assertEquals, assertRejects } from "@std/assert";
import { TrainingError } from "../../../engine/errors.ts";
import { mul, sub } from "../../../engine/ir/elementwise.ts";
import type { Metric, Optimizer } from "../../../engine/train/interfaces.ts";
import type { TrainEvent } from "../../../engine/train/events.ts";
import { Loader } from "../../../engine/data/loader.ts";
import { RunDirectory } from "../../../engine/train/run_directory.ts";
import type { TrainPlan } from "../../../engine/train/plan.ts";
import { FoldTrainer } from "../../../engine/train/trainer.ts";
import { noLogger } from "../../../plugins/logger/none.ts";
import { checkpointBytes, inFolder, namesIn, ofType, readRunJson } from "../../_training.ts";
import { linearModel } from "./_linear.ts";

const descent: Optimizer = {
  storesStep: false,
  hyperparameters: {},
  state: () => ({}),
  scalars: (_, lr) => ({ lr }),
  update: ({ parameter, gradient, scalars: { lr } }) => ({
    parameter: sub(parameter, mul(gradient, lr)),
    state: {},
  }),
};

/** Eight samples in batches of two; those of the given batches hold numbers beyond all bounds. */
function loader(brokenBatches: readonly number[] = []): Loader {
  const code = `export const openSource = ({ broken }) => ({
    read: (indices) => ({
      features: new Float32Array([...indices].flatMap((i) => [i, broken.includes(i >> 1) ? 3e38 : 1])),
    }),
    close() {},
  })`;
  return new Loader({
    name: "eight",
    length: 8,
    labels: { values: Int32Array.of(0, 1, 0, 1, 1, 0, 1, 0), width: 1 },
    sampleShape: [2],
    source: {
      module: `data:text/javascript,${encodeURIComponent(code)}`,
      options: { broken: brokenBatches },
    },
  }, { batchSize: 2, workers: 0 });
}

/** Says what the test wants it to say, epoch after epoch, of the validation split. */
function scripted(values: readonly number[]): Metric {
  let asked = 0;
  return {
    higherIsBetter: true,
    accumulator: () => ({
      update() {},
      // Training asks first, then validation.
      compute: () => ({ Score: asked++ % 2 === 0 ? 0 : values[(asked >> 1) - 1] }),
    }),
  };
}

function planOf(path: string, change: Partial<TrainPlan> = {}): TrainPlan {
  const model = linearModel();
  return {
    model,
    parameters: model.parameters,
    aliases: () => [],
    samples: { shape: [2], bags: false },
    optimizer: descent,
    parameterOptions: () => ({ lrScale: 1, weightDecay: 0 }),
    lr: 0.1,
    groupOf: () => "head",
    loaders: { train: loader(), val: loader() },
    schedule: { factor: (epoch) => 1 / (epoch + 1) },
    metrics: [],
    metricMode: "epochwise",
    bestMetric: { name: "val_loss", higherIsBetter: false },
    logger: noLogger.create({}, {}),
    epochs: 2,
    seed: 0,
    labelSmoothing: 0,
    accumulate: 1,
    sanitySteps: 0,
    checkpoints: true,
    fold: { index: 0, count: 1 },
    directory: new RunDirectory(path),
    resume: false,
    ...change,
  };
}

/** Runs a plan to its end. */
async function run(plan: TrainPlan): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  await using trainer = await FoldTrainer.create(plan, { onEvent: (event) => events.push(event) });
  using _lock = plan.directory.take();
  await trainer.run();
  return events;
}

Deno.test("FoldTrainer names samples that could not be read, once", async () => {
  const code = `export const openSource = () => ({
    read: (indices) => ({
      features: new Float32Array(2 * [...indices].filter((i) => i !== 3).length),
      skipped: [...indices].flatMap((i, position) =>
        i === 3 ? [{ position, reason: "Cannot read sample 3" }] : []),
    }),
    close() {},
  })`;
  const source = { module: `data:text/javascript,${encodeURIComponent(code)}`, options: {} };
  const labels = { values: Int32Array.of(0, 1, 0, 1, 1), width: 1 };
  const split = { name: "five", length: 5, labels, sampleShape: [2], source };
  const broken = () => new Loader(split, { batchSize: 2, workers: 0 });
  await inFolder(async (folder) => {
    const events = await run(planOf(folder, { loaders: { train: broken(), val: broken() } }));
    assertEquals(ofType(events, "notice").map(({ message }) => message), [
      "Cannot read sample 3; left out",
    ]);
    assertEquals(ofType(events, "batch").length, 6);
  });
});

Deno.test("FoldTrainer.create() writes nothing", async () => {
  await inFolder(async (folder) => {
    await using _trainer = await FoldTrainer.create(planOf(`${folder}/run`));
    assertEquals(await namesIn(folder), []);
  });
});

Deno.test("FoldTrainer reports a run from beginning to end", async () => {
  await inFolder(async (folder) => {
    const events = await run(planOf(folder));
    const kinds = events.map((event) => event.type);
    const epoch = ["batch", "batch", "batch", "batch", "epoch"];
    assertEquals(kinds, ["run", ...epoch, ...epoch, "done"]);
    const [started] = ofType(events, "run");
    assertEquals([started.batches, started.parameters, started.firstEpoch], [4, 6, 0]);
    const epochs = ofType(events, "epoch");
    assertEquals(epochs.map(({ lr }) => lr), [0.1, 0.05]);
    const losses = ofType(events, "batch").slice(0, 4).map(({ loss }) => loss);
    assertEquals(epochs[0].train.train_loss, losses.reduce((a, b) => a + b) / 4);
  });
});

Deno.test("FoldTrainer keeps the first of equal values, and any number rather than NaN", async () => {
  const cases: [values: number[], best: boolean[], epoch: number][] = [
    [[1, 2, 2, 1], [true, true, false, false], 1],
    [[NaN, NaN, 0, NaN], [true, false, true, false], 2],
    [[NaN, NaN], [true, false], 0],
  ];
  for (const [values, best, epoch] of cases) {
    await inFolder(async (folder) => {
      const events = await run(planOf(folder, {
        metrics: [scripted(values)],
        bestMetric: { name: "val_Score", higherIsBetter: true },
        epochs: values.length,
      }));
      assertEquals(ofType(events, "epoch").map((event) => event.best), best);
      const [done] = ofType(events, "done");
      assertEquals([done.bestValue, done.bestEpoch], [values[epoch], epoch]);
      assertEquals(checkpointBytes(folder, "best"), checkpointBytes(folder, `epoch_000${epoch}`));
    });
  }
});

Deno.test("FoldTrainer stops at the third loss in a row that is not finite", async () => {
  await inFolder(async (folder) => {
    const broken = { train: loader([0, 1, 2]), val: loader() };
    const plan = planOf(folder, { loaders: broken, lr: 1e-45 });
    const error = await assertRejects(() => run(plan), TrainingError);
    assertEquals([error.epoch, error.batch], [0, 2]);
    assertEquals(plan.directory.occupied, false);
  });
});

Deno.test("FoldTrainer starts from given values", async () => {
  await inFolder(async (folder) => {
    const initial = new Map([
      ["head.fc.weight", new Float32Array(4)],
      ["head.fc.bias", new Float32Array(2)],
    ]);
    const events = await run(planOf(folder, { initial, lr: 1e-45, epochs: 1 }));
    for (const { loss } of ofType(events, "batch")) assert(Math.abs(loss - Math.LN2) < 1e-6);
  });
});

Deno.test("FoldTrainer tests the best weights where they are in no file", async () => {
  await inFolder(async (folder) => {
    const test = loader();
    const events = await run(planOf(folder, {
      loaders: { train: loader(), val: loader(), test },
      metrics: [scripted([1, 0, 0, 0])],
      bestMetric: { name: "val_Score", higherIsBetter: true },
      checkpoints: false,
      lr: 1,
      epochs: 3,
    }));
    const [first] = ofType(events, "epoch");
    const [done] = ofType(events, "done");
    assertEquals(done.bestEpoch, 0);
    assertEquals(done.test?.test_loss, first.val.val_loss);
    assertEquals(await namesIn(`${folder}/checkpoints`), []);
    const { test: recorded } = readRunJson(folder, "metrics.json");
    assertEquals(recorded, JSON.parse(JSON.stringify(done.test)));
  });
});
