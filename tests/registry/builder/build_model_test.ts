import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { Session } from "../../../engine/runtime/session.ts";
import { loadStateDict } from "../../../engine/storage/state_dict.ts";
import { predictionGraph, sampleFeeds } from "../../../engine/train/model.ts";
import { clam } from "../../../plugins/head_type/clam.ts";
import { buildModel } from "../../../registry/builder/build_model.ts";
import { train } from "../../../jobs/train/train.ts";
import { TrainedModel } from "../../../jobs/predict/trained_model.ts";
import { configure } from "../../../registry/configure.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { DIM, inFolder, writeSplits } from "../../_training.ts";
import { runParts } from "./_parts.ts";

const nowhere = { folder: "runs", train: "train.h5", val: "val.h5", test: "test.h5" };
const CLAM = configure(clam, { size_arg: "tiny", variant: "sb" });

Deno.test("buildModel() gives the graph that a run trains", async () => {
  await inFolder(async (folder) => {
    const parts = runParts(await writeSplits(folder));
    const [{ directory }] = await train(parts);
    const checkpoint = join(directory, "checkpoints", "best.pt");
    await using trained = await TrainedModel.load(checkpoint);

    const model = await buildModel(parts);
    const weights = loadStateDict(checkpoint);
    const features = new Float32Array(2 * DIM).fill(0.5);
    const session = await Session.create({ logits: predictionGraph(model).logits });
    const { logits } = await session.run({
      ...sampleFeeds({ features, rows: 2, size: 2 }, model),
      ...Object.fromEntries(
        model.parameters.map(({ name, shape }) =>
          [name, { dtype: "float32", shape, data: weights.get(name)!.data }] as const
        ),
      ),
    });
    await session.release();
    const predictions = await trained.predict({ features });
    assertEquals([...logits.data], predictions.flatMap(({ logits }) => [...logits]));
  });
});

Deno.test("buildModel() opens no file where the samples are given", async () => {
  const single = await buildModel(runParts(nowhere), { sampleShape: [DIM] });
  assertEquals([single.bags, single.subtask, single.numClasses], [false, "multiclass", 3]);
  assertEquals(single.parameters.map(({ name }) => name), ["head.fc.fc.weight", "head.fc.fc.bias"]);
  const bags = await buildModel(runParts(nowhere, CLAM), { sampleShape: [DIM], bags: true });
  assert(bags.bags && bags.parameters.length > 4);
});

Deno.test("buildModel() fails where parts do not fit, or samples are missing", async () => {
  await assertRejects(
    () => buildModel(runParts(nowhere, CLAM), { sampleShape: [DIM] }),
    ConfigError,
    'model.head.head_type: "clam" takes bags of instances, "the samples" holds single instances',
  );
  await assertRejects(() => buildModel(runParts(nowhere)), DataError, '"train.h5"');
});
