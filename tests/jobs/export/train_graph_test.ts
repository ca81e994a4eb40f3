/** Training written down as files does what training does. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { epochOrder } from "../../../engine/data/sampler.ts";
import { sizeOf } from "../../../engine/ir/dims.ts";
import { deriveSeed } from "../../../engine/random.ts";
import { Session, type Value } from "../../../engine/runtime/session.ts";
import { loadModel } from "../../../jobs/predict/load_model.ts";
import { type TrainFiles, trainFiles } from "../../../jobs/export/train_graph.ts";
import { registry } from "../../../registry/registry.ts";
import { classSamples, DIM, inFolder, ofType, runTrain, writeSplits } from "../../_training.ts";

const FLAGS = {
  "optimizer.warmup_epochs": "0",
  "optimizer.scheduler": "none",
  "training.gradient_clip_val": "1",
};

async function filesOf(directory: string): Promise<TrainFiles> {
  const loaded = await loadModel(join(directory, "checkpoints", "best.pt"), registry);
  const files = await trainFiles(loaded, registry, { producer: "test" });
  assert(typeof files === "object");
  return files;
}

/** Losses of an epoch, by the step's file alone. */
async function lossesOf({ about, step, values }: TrainFiles): Promise<number[]> {
  const { features, labels } = classSamples(60, 1);
  const session = await Session.load(step);
  const state = new Map<string, Value>();
  for (const { name, shape, at } of [...about.parameters, ...about.state]) {
    const data = values.slice(at, at + sizeOf(shape));
    state.set(name, { dtype: "float32", shape, data });
  }
  const numberAt = (stored: (typeof about.scalars)[number]["base"], update: number) =>
    typeof stored === "number" ? stored : values[stored.at + Math.min(update, stored.length - 1)];
  const all = Int32Array.from({ length: 60 }, (_, at) => at);
  const order = epochOrder(all, { seed: about.seed, epoch: 0, shuffle: true });
  const losses: number[] = [];
  for (let start = 0; start < 60; start += about.batchSize) {
    const batch = order.subarray(start, start + about.batchSize);
    const rows = Array.from(batch, (at) => [...features.data.subarray(at * DIM, (at + 1) * DIM)]);
    const scalars = about.scalars.map(({ name, base, slope }) => {
      const value = numberAt(base, losses.length) + numberAt(slope, losses.length) * about.lr;
      return [name, { dtype: "float32", shape: [], data: Float32Array.of(value) }] as const;
    });
    const seed = deriveSeed(about.seed, "step", 0, losses.length) >>> 0;
    const outputs = await session.run({
      ...Object.fromEntries(state),
      ...Object.fromEntries(scalars),
      features: {
        dtype: "float32",
        shape: [batch.length, DIM],
        data: Float32Array.from(rows.flat(), Number),
      },
      labels: {
        dtype: "int32",
        shape: [batch.length],
        data: Int32Array.from(batch, (at) => Number(labels.data[at])),
      },
      random_seed: { dtype: "uint32", shape: [], data: Uint32Array.of(seed) },
    });
    for (const name of state.keys()) {
      const next = outputs[`${name}/next`];
      if (next !== undefined) state.set(name, next);
    }
    losses.push(Number(outputs.loss.data[0]));
  }
  await session.release();
  return losses;
}

for (const name of ["AdamW", "SGD", "Madgrad"]) {
  Deno.test(`trainFiles() writes down what training with ${name} does`, async () => {
    await inFolder(async (folder) => {
      const flags = { ...FLAGS, "optimizer.name": name };
      const { directory, events } = await runTrain(await writeSplits(folder), flags);
      const expected = ofType(events, "batch").filter(({ epoch }) => epoch === 0)
        .map(({ loss }) => loss);
      const losses = await lossesOf(await filesOf(directory));
      assertEquals(losses.length, expected.length);
      assert(losses.every((loss, at) => Math.abs(loss - expected[at]) < 1e-5), `${losses}`);
    });
  });
}

Deno.test("trainFiles() says where the values of parameters lie in the model's file", async () => {
  await inFolder(async (folder) => {
    const { directory } = await runTrain(await writeSplits(folder));
    const { about, model, values } = await filesOf(directory);
    for (const { shape, at, trainedAt, byte } of about.parameters) {
      const size = sizeOf(shape);
      const written = new Float32Array(model.slice(byte, byte! + 4 * size).buffer);
      assertEquals(written, values.slice(at, at + size));
      if (written.some((value) => value !== 0)) {
        assert(written.some((value, index) => value !== values[trainedAt + index]));
      }
    }
  });
});
