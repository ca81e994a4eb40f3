/** Training behind an encoder that does not train: its features are computed once. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { input } from "../../../engine/ir/create.ts";
import { reduceMean } from "../../../engine/ir/matrix.ts";
import { emit } from "../../../engine/onnx/emit.ts";
import { encode } from "../../../engine/onnx/encode.ts";
import { openFeatureFile } from "../../../engine/features/feature_file.ts";
import type { TrainEvent } from "../../../engine/train/events.ts";
import { loadStateDict } from "../../../engine/storage/state_dict.ts";
import { flag } from "../../../registry/config/flag.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { writeClassImages } from "../../_class_images.ts";
import { inFolder, listenTo, namesIn, ofType, type Outcome } from "../../_training.ts";

const IMAGES = { counts: { train: 6, val: 3, test: 2 }, side: 20, seed: 4 };

type Flags = Readonly<Record<string, string>>;

const FLAGS: Flags = {
  "data.dataset": "generic_image_dataset",
  "data.num_classes": "2",
  "data.split_source": "subdirs",
  "data.label_source": "folder",
  "data.augmentation.train_policy": "default_2d_1",
  "data.augmentation.image_size": "16",
  "model.encoder.encoder_type": "timm",
  "model.encoder.type": "test_vit",
  "model.encoder.pretrained": "false",
  "model.encoder.model_kwargs.img_size": "16",
  "model.head.dropout": "0.2",
  "peft.method": "linear_probing",
  "optimizer.lr": "0.01",
  "optimizer.warmup_epochs": "0",
  "training.epochs": "3",
  "training.seed": "5",
  "dataloading.batch_size": "5",
};

function configOf(root: string, flags: Flags) {
  const all = { ...FLAGS, "data.data_root_dir": root, exp_dir: join(root, "runs"), ...flags };
  return resolveConfig({ flags: Object.entries(all).map(([path, value]) => flag(path, value)) })
    .config;
}

async function run(root: string, flags: Flags = {}): Promise<Outcome> {
  return await listenTo(configOf(root, flags));
}

const NEW_EVERY_EPOCH = { "training.feature_cache": "none" };

function notices({ events }: Outcome): string[] {
  return ofType(events, "notice").map(({ message }) => message)
    .filter((message) => message.startsWith("the encoder does not train"));
}

/** All numbers of a run by name, and the values of its last checkpoint. */
async function numbersOf({ events, directory, done }: Outcome) {
  const epochs = ofType(events, "epoch").flatMap(({ epoch, train, val }) =>
    Object.entries({ ...train, ...val }).map(([name, value]) =>
      [`${epoch} ${name}`, value] as const
    )
  );
  const weights = [...await loadStateDict(join(directory, "checkpoints/last.pt"))];
  return {
    metrics: [...epochs, ...Object.entries(done.test ?? {})],
    weights: weights.map(([name, { data }]) => [name, data as Float32Array] as const),
  };
}

/** Requires numbers that differ by what float32 rounds, at most. */
async function assertSame(actual: Outcome, expected: Outcome): Promise<void> {
  const [found, wanted] = [await numbersOf(actual), await numbersOf(expected)];
  assertEquals(found.metrics.map(([name]) => name), wanted.metrics.map(([name]) => name));
  assert(wanted.metrics.length > 10);
  for (const [i, [name, value]] of wanted.metrics.entries()) {
    assert(Math.abs(found.metrics[i][1] - value) < 1e-5, `${name} ${found.metrics[i][1]} ${value}`);
  }
  assertEquals(found.weights.map(([name]) => name), wanted.weights.map(([name]) => name));
  for (const [i, [name, values]] of wanted.weights.entries()) {
    const most = values.reduce((max, value) => Math.max(max, Math.abs(value)), 1e-3);
    const far = values.findIndex((value, at) =>
      !(Math.abs(value - found.weights[i][1][at]) < 1e-4 * most)
    );
    assert(far < 0, `${name}[${far}]: ${found.weights[i][1][far]}, expected ${values[far]}`);
  }
}

Deno.test("train() computes the features of a frozen encoder once, and gets the same numbers", async () => {
  await inFolder(async (root) => {
    await writeClassImages(root, IMAGES);
    const anew = await run(root, NEW_EVERY_EPOCH);
    assertEquals(notices(anew), []);
    assertEquals(ofType(anew.events, "encode"), []);
    const once = await run(root);
    assertEquals(notices(once), [
      "the encoder does not train: its features of 12 train, 6 val, 4 test samples are computed " +
      "once and kept in memory (0.0 MB)",
    ]);
    assertEquals(ofType(once.events, "encode").filter(({ done, samples }) => done === samples), [
      { type: "encode", split: "train", done: 12, samples: 12 },
      { type: "encode", split: "val", done: 6, samples: 6 },
      { type: "encode", split: "test", done: 4, samples: 4 },
    ]);
    await assertSame(once, anew);
    const half = { "data.data_fraction": "0.5" };
    await assertSame(await run(root, half), await run(root, { ...half, ...NEW_EVERY_EPOCH }));
  });
});

Deno.test("train() keeps large features in files of the run, which are feature files", async () => {
  await inFolder(async (root) => {
    await writeClassImages(root, IMAGES);
    // An image that cannot be read is left out, as it is in each epoch otherwise.
    Deno.writeTextFileSync(join(root, "images/train/dark/3.png"), "no image");
    const broken = { "data.strict": "false" };
    const anew = await run(root, { ...broken, ...NEW_EVERY_EPOCH });
    const once = await run(root, { ...broken, "training.feature_cache": "100" });
    await assertSame(once, anew);
    const told = (outcome: Outcome) =>
      ofType(outcome.events, "notice").filter(({ message }) => message.includes("3.png"));
    assertEquals(told(once), told(anew));
    assertEquals(told(once).length, 1);
    const { directory } = once;
    const files = (await namesIn(directory)).filter((name) => name.endsWith(".h5"));
    assertEquals(files, ["features_test.h5", "features_train.h5", "features_val.h5"]);
    const { length, embedDim, labels, ids } = await openFeatureFile(
      join(directory, "features_train.h5"),
    );
    assertEquals([length, embedDim, ids?.length], [11, 64, 11]);
    assertEquals([...labels.values].sort(), [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
  });
});

Deno.test("train() goes on with features that it computes again", async () => {
  await inFolder(async (root) => {
    await writeClassImages(root, IMAGES);
    for (const [name, limit] of [["memory", "1e6"], ["file", "0"]]) {
      const cache = { "training.feature_cache": limit };
      const whole = await run(root, { ...cache, "logger.group": `whole_${name}` });
      const abort = new AbortController();
      const onEvent = (event: TrainEvent) => {
        if (event.type === "batch" && event.epoch === 1) abort.abort();
      };
      const group = { ...cache, "logger.group": `stopped_${name}` };
      await listenTo(configOf(root, group), { signal: abort.signal, onEvent }).then(
        () => assert(false),
        () => {},
      );
      const directory = join(root, `runs/generic_image_dataset/stopped_${name}/0`);
      const resumed = await run(root, { ...group, "training.resume": directory });
      assertEquals(resumed.directory, directory);
      const bytes = (path: string) => Deno.readFileSync(join(path, "checkpoints/last.pt"));
      assertEquals(bytes(directory), bytes(whole.directory));
    }
  });
});

Deno.test("train() leaves nothing of a feature file that it did not finish", async () => {
  await inFolder(async (root) => {
    await writeClassImages(root, IMAGES);
    const abort = new AbortController();
    const onEvent = (event: TrainEvent) => {
      if (event.type === "encode" && event.split === "val") abort.abort();
    };
    const flags = { "training.feature_cache": "0", "logger.group": "stopped" };
    await listenTo(configOf(root, flags), { signal: abort.signal, onEvent }).then(
      () => assert(false),
      () => {},
    );
    const names = await namesIn(join(root, "runs/generic_image_dataset/stopped/0"));
    assertEquals(names.filter((name) => name.includes("features")), ["features_train.h5"]);
  });
});

Deno.test("train() runs an encoder in an ONNX file once, too", async () => {
  await inFolder(async (root) => {
    await writeClassImages(root, IMAGES);
    const file = join(root, "means.onnx");
    const images = input("images", "float32", ["batch", 3, 16, 16]);
    Deno.writeFileSync(file, encode(emit({ y: reduceMean(images, { axes: [2, 3] }) })));
    const { "model.encoder.model_kwargs.img_size": _, ...rest } = FLAGS;
    const { "model.encoder.type": __, "model.encoder.pretrained": ___, ...others } = rest;
    const flags = {
      ...others,
      "model.encoder.encoder_type": "onnx",
      "model.encoder.file": file,
      "data.data_root_dir": root,
      exp_dir: join(root, "runs"),
    };
    const outcome = (more: Flags) => {
      const list = Object.entries({ ...flags, ...more });
      return listenTo(
        resolveConfig({ flags: list.map(([path, value]) => flag(path, value)) }).config,
      );
    };
    const once = await outcome({});
    assertEquals(notices(once).length, 1);
    await assertSame(once, await outcome(NEW_EVERY_EPOCH));
  });
});

Deno.test("train() computes features in every epoch where they may change", async () => {
  await inFolder(async (root) => {
    await writeClassImages(root, { ...IMAGES, counts: { train: 3, val: 2 } });
    const cases: Readonly<Record<string, Flags>> = {
      "random images": { "data.augmentation.train_policy": "default_2d_2" },
      "mixed images": { "task.mixup": "true" },
      "stochastic depth": { "model.encoder.model_kwargs.drop_path_rate": "0.1" },
      "parameters that train": { "peft.method": "bitfit" },
    };
    for (const [name, flags] of Object.entries(cases)) {
      const outcome = await run(root, { "training.epochs": "1", ...flags });
      assertEquals(notices(outcome), [], name);
    }
    const { "model.encoder.model_kwargs.img_size": _, ...rest } = FLAGS;
    const resnet = { ...rest, "model.encoder.type": "test_resnet", "training.epochs": "1" };
    const all = { ...resnet, "data.data_root_dir": root, exp_dir: join(root, "runs") };
    const flags = Object.entries(all).map(([path, value]) => flag(path, value));
    // Its batch normalisation is frozen, too.
    assertEquals(notices(await listenTo(resolveConfig({ flags }).config)).length, 1);
  });
});
