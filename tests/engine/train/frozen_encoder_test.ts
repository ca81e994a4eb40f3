import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import type { Split } from "../../../engine/data/data.ts";
import { Loader } from "../../../engine/data/loader.ts";
import { DataError } from "../../../engine/errors.ts";
import { openFeatureFile } from "../../../engine/features/feature_file.ts";
import { div } from "../../../engine/ir/elementwise.ts";
import { reshape } from "../../../engine/ir/layout.ts";
import { frozen as frozenScope, type Layer, Parameters } from "../../../engine/nn/scope.ts";
import { batchNorm } from "../../../engine/nn/vision/batch_norm.ts";
import type { TrainEvent } from "../../../engine/train/events.ts";
import {
  encodeOnce,
  type FrozenEncoder,
  isSteady,
  type SampleEncoder,
} from "../../../engine/train/frozen_encoder.ts";
import { RunDirectory } from "../../../engine/train/run_directory.ts";
import { TrainState } from "../../../engine/train/state.ts";
import { syntheticSplit } from "../data/synthetic_source.ts";
import { linearModel } from "./_linear.ts";

function encoderOf(layer: Layer): SampleEncoder {
  return { inputShape: [2], forward: layer };
}

Deno.test("isSteady() tells what is random or of a batch from what is not", () => {
  const norm = (trains: boolean) => {
    const scope = new Parameters().scope();
    const layer = batchNorm(trains ? scope : frozenScope(scope), 2);
    return encoderOf((x, context) => layer(reshape(x, ["batch", 2, 1, 1]), context));
  };
  assert(isSteady(encoderOf(new Parameters().scope().linear("fc", 2, 3))));
  assert(isSteady(norm(false)));
  assert(!isSteady(norm(true)));
  const noise = encoderOf((x, { training, random }) => training ? random.normal(x) : x);
  assert(!isSteady(noise));
  assert(!isSteady(encoderOf((x, { training }) => div(x, training ? 2 : 1))));
});

/** A linear layer from two values to two, and a head. */
async function encoder(limit: number) {
  const parameters = new Parameters();
  const fc = parameters.scope().linear("fc", 2, 2, { bias: false });
  const state = await TrainState.create(parameters.list(), 0);
  state.parameter("fc.weight").data.set([1, 0, -1, 1]);
  const frozen: FrozenEncoder = {
    ...encoderOf(fc),
    rest: linearModel(),
    limit,
    threads: { workers: 2, threads: 1 },
    microBatch: 2,
  };
  return { frozen, state };
}

async function inRun<T>(test: (directory: RunDirectory) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    return await test(new RunDirectory(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function loaderOf(split: Split, subset?: Int32Array): Loader {
  return new Loader(split, { batchSize: 4, shuffle: true, seed: 3, subset, workers: 0 });
}

Deno.test("encodeOnce() gives the batches of features that the samples have, from memory or files", async () => {
  await inRun(async (directory) => {
    const split = { ...syntheticSplit(12), ids: Array.from({ length: 12 }, (_, i) => `s${i}`) };
    for (const limit of [1e6, 0]) {
      const { frozen, state } = await encoder(limit);
      await using train = loaderOf(split, Int32Array.of(11, 3, 5, 0, 7));
      await using val = loaderOf(split);
      const events: TrainEvent[] = [];
      const onEvent = (event: TrainEvent) => void events.push(event);
      const loaders = { train, val, test: loaderOf(split) };
      const cached = await encodeOnce(frozen, loaders, { state, directory, onEvent });
      for (const name of ["train", "val"] as const) {
        for (const epoch of [0, 1]) {
          const batches = cached[name].epoch(epoch);
          for await (const { indices, labels } of loaders[name].epoch(epoch)) {
            const { value } = await batches.next();
            assertEquals([value.indices, value.labels], [indices, labels]);
            // Column c of sample s is 1000 s + c.
            assertEquals([...value.features], [...indices].flatMap((s) => [1000 * s, 1]));
          }
          assertEquals((await batches.next()).done, true);
        }
      }
      for (const loader of Object.values(cached)) await loader.close();
      await loaders.test.close();
      const encoded = events.filter(({ type }) => type === "encode");
      // What is the same as the validation split is not computed again.
      assertEquals(new Set(encoded.map((event) => "split" in event && event.split)).size, 2);
    }
    const { length, ids } = await openFeatureFile(directory.featureFile("train"));
    assertEquals([length, ids], [5, ["s11", "s3", "s5", "s0", "s7"]]);
    assertEquals([...Deno.readDirSync(directory.path)].map(({ name }) => name).sort(), [
      "features_train.h5",
      "features_val.h5",
    ]);
  });
});

Deno.test("encodeOnce() refuses features that are not finite, and leaves no file of them", async () => {
  await inRun(async (directory) => {
    const { frozen, state } = await encoder(0);
    state.parameter("fc.weight").data.fill(Infinity);
    await using train = loaderOf(syntheticSplit(3));
    const encoding = encodeOnce(frozen, { train, val: train }, { state, directory });
    const error = await assertRejects(() => encoding, DataError, "Cannot train on sample 0 of");
    assert(error.message.includes("one of its features is"));
    assertEquals([...Deno.readDirSync(directory.path)], []);
    assertEquals(join(directory.path, "features_val.h5"), directory.featureFile("val"));
  });
});
