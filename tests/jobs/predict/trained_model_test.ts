import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { featureSplit, openFeatureFile } from "../../../engine/features/feature_file.ts";
import { openSource } from "../../../engine/features/feature_source.ts";
import { loadHdf5Library } from "../../../engine/storage/hdf5/library.ts";
import { type FilePrediction, TrainedModel } from "../../../jobs/predict/trained_model.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { Registry, registry } from "../../../registry/registry.ts";
import { SLOT_NAMES } from "../../../registry/slots.ts";
import { BAG_DIM, bagFlags, writeBagSplits } from "../../_bags.ts";
import { DIM, inFolder, runTrain, writeHdf5, writeSplits } from "../../_training.ts";

async function predictAll(model: TrainedModel, path: string, batchSize?: number) {
  const all: FilePrediction[] = [];
  for await (const one of model.predictFile(path, { batchSize })) all.push(one);
  return all;
}

function argMax(values: Float32Array): number {
  return values.indexOf(Math.max(...values));
}

for (const variant of ["sb", "mb"]) {
  Deno.test(`TrainedModel gives logits and attention of CLAM-${variant} on bags`, async () => {
    await inFolder(async (folder) => {
      const files = await writeBagSplits(folder);
      const flags = { "model.head.variant": variant, "training.epochs": "3" };
      const { done } = await runTrain(files, bagFlags(flags));
      await using model = await TrainedModel.load(join(done.directory, "checkpoints", "best.pt"));
      const predictions = await predictAll(model, files.test);
      const { bagLengths, labels } = await openFeatureFile(files.test);
      assertEquals(predictions.map(({ index }) => index), [...bagLengths!.keys()]);
      for (const { index, attention, logits } of predictions) {
        assertEquals(attention!.length, variant === "sb" ? 1 : 2);
        assertEquals(
          attention!.map(({ length }) => length),
          attention!.map(() => bagLengths![index]),
        );
        assertEquals(logits.length, 2);
      }
      const right = predictions.filter(({ scores }, bag) => argMax(scores) === labels.values[bag]);
      assertEquals(right.length / predictions.length, done.test!.test_Accuracy);
    });
  });
}

Deno.test("TrainedModel.predict() gives bags the same numbers in any company", async () => {
  await inFolder(async (folder) => {
    const files = await writeBagSplits(folder);
    const { done } = await runTrain(files, bagFlags());
    await using model = await TrainedModel.load(join(done.directory, "checkpoints", "last.pt"));
    const together = await predictAll(model, files.val, 20);
    const alone = await predictAll(model, files.val, 1);
    const split = featureSplit(await openFeatureFile(files.val));
    const source = await openSource(split.source.options);
    const { features, lengths } = await source.read(Int32Array.of(3, 5));
    source.close();
    const [third] = await model.predict({ features, lengths });
    for (const [bag, { logits, attention }] of together.entries()) {
      for (const [index, value] of logits.entries()) {
        assert(Math.abs(value - alone[bag].logits[index]) <= 1e-5);
      }
      for (const [index, value] of attention![0].entries()) {
        assert(Math.abs(value - alone[bag].attention![0][index]) <= 1e-5);
      }
    }
    assert(Math.abs(third.logits[0] - together[3].logits[0]) <= 1e-5);
  });
});

Deno.test("TrainedModel predicts instances, from arrays and from files", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const { done } = await runTrain(files);
    await using model = await TrainedModel.load(join(done.directory, "checkpoints", "best.pt"));
    const fromFile = await predictAll(model, files.test);
    const right = fromFile.filter(({ scores }, sample) => argMax(scores) === sample % 3);
    assertEquals(right.length / fromFile.length, done.test!.test_Accuracy);
    const features = new Float32Array(2 * DIM).fill(0.5);
    const predictions = await model.predict({ features });
    assertEquals(predictions.length, 2);
    assertEquals(predictions[0].logits, predictions[1].logits);
    assertEquals(predictions[0].attention, undefined);
    const sum = predictions[0].scores.reduce((a, b) => a + b, 0);
    assert(Math.abs(sum - 1) < 1e-6);
  });
});

Deno.test("TrainedModel.predictFile() tells what a file reads from elsewhere", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const { done } = await runTrain(files);
    await using model = await TrainedModel.load(join(done.directory, "checkpoints", "best.pt"));
    const told = async (path: string) => {
      const notices: string[] = [];
      const options = { onNotice: (message: string) => notices.push(message) };
      const predictions: FilePrediction[] = [];
      for await (const one of model.predictFile(path, options)) predictions.push(one);
      return { notices, predictions };
    };
    const whole = await told(files.test);
    assertEquals(whole.notices, []);
    const { h5wasm } = await loadHdf5Library();
    const labels = { data: new Int32Array(18), shape: [18] };
    const linked = {
      [await writeHdf5(join(folder, "features_elsewhere.h5"), { labels })]: ["features"],
      [await writeHdf5(join(folder, "all_elsewhere.h5"), {})]: ["features", "labels"],
    };
    for (const [path, names] of Object.entries(linked)) {
      const file = new h5wasm.File(path, "a");
      for (const name of names) file.create_external_link("test.h5", name, name);
      file.close();
      const { notices, predictions } = await told(path);
      assertEquals(
        notices,
        names.map((name) =>
          `dataset "${name}" of "${path}" reads from other files: "${files.test}"`
        ),
      );
      assertEquals(predictions, whole.predictions);
    }
  });
});

Deno.test("TrainedModel refuses what its model cannot take", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const { done } = await runTrain(files);
    const checkpoint = join(done.directory, "checkpoints", "best.pt");
    await using model = await TrainedModel.load(checkpoint);
    await assertRejects(
      () => model.predict({ features: new Float32Array(DIM + 1) }),
      TypeError,
      `${DIM + 1} values are not`,
    );
    await assertRejects(
      () => model.predict({ features: new Float32Array(DIM), lengths: Int32Array.of(1) }),
      TypeError,
      "expected no lengths",
    );
    const bags = await writeBagSplits(folder);
    const wrong =
      `it holds bags of instances ${BAG_DIM} wide, the model takes instances ${DIM} wide`;
    await assertRejects(() => predictAll(model, bags.test), DataError, wrong);
    const missing = join(folder, "nowhere", "checkpoints", "last.pt");
    await assertRejects(() => TrainedModel.load(missing), DataError, "does not exist");
  });
});

Deno.test("TrainedModel names the plugin that it does not find, and loads no code", async () => {
  await inFolder(async (folder) => {
    const files = await writeBagSplits(folder);
    const { done } = await runTrain(files, bagFlags({ "training.epochs": "1" }));
    const without = new Registry();
    for (const slot of SLOT_NAMES) {
      for (const key of registry.list(slot)) {
        if (key !== "clam") without.add(registry.get(slot, key));
      }
    }
    await assertRejects(
      () =>
        TrainedModel.load(join(done.directory, "checkpoints", "last.pt"), { registry: without }),
      ConfigError,
      '"clam"',
    );
  });
});
