/**
 * The way round: images to features, features to a trained head, and its checkpoint back to
 * features of images; and a checkpoint of encoder and head.
 */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import sharp from "sharp";
import { Random } from "../../engine/random.ts";
import { Hdf5File } from "../../engine/storage/hdf5/hdf5.ts";
import { runCommand } from "./_process.ts";

const MODEL = "--model.encoder.encoder_type timm --model.encoder.type test_vit".split(" ");
const SPLITS = "--data.split_source subdirs --data.label_source folder".split(" ");

/** Bright and dark images with noise, of different sizes. */
async function writeImages(root: string): Promise<void> {
  const random = new Random(1);
  for (const [split, count] of [["train", 6], ["val", 3]] as const) {
    for (const [label, level] of [["bright", 200], ["dark", 60]] as const) {
      const folder = join(root, "images", split, label);
      Deno.mkdirSync(folder, { recursive: true });
      for (let i = 0; i < count; i++) {
        const [width, height] = [40 + i, 50 - i];
        const data = Uint8Array.from(
          { length: 3 * width * height },
          () => level + random.integer(50),
        );
        const image = sharp(data, { raw: { width, height, channels: 3 } });
        await image.png().toFile(join(folder, `${i}.png`));
      }
    }
  }
}

async function features(path: string): Promise<Float32Array> {
  using file = await Hdf5File.open(path);
  const dataset = await file.dataset("features");
  return dataset.readRows(0, dataset.rows);
}

async function run(command: "train" | "extract_features", args: readonly string[]) {
  const { code, out, err } = await runCommand(command, args);
  assertEquals(code, 0, [...out, ...err].join("\n"));
  return { out, err };
}

Deno.test("features, a head trained on them, and features again by its checkpoint", async () => {
  const root = Deno.makeTempDirSync();
  await writeImages(root);
  const data = [
    ...["--data.dataset", "generic_image_dataset", "--data.data_root_dir", root],
    ...["--data.num_classes", "2", ...SPLITS],
  ];
  const name = (made: string) => ["--output_dir", root, "--output_filename", `${made}_{split}.h5`];
  await run("extract_features", [
    ...["--method", "avg", ...data, ...MODEL, "--model.encoder.no_pretrained", ...name("first")],
  ]);
  const of = (made: string) => join(root, `${made}_train.h5`);
  await run("train", [
    ...["--data.dataset", "precomputed_features", "--data.num_classes", "2"],
    ...["--data.train_features_file", of("first")],
    ...["--data.val_features_file", join(root, "first_val.h5")],
    ...["--model.encoder.encoder_type", "precomputed", "--model.encoder.feature_dim", "64"],
    ...["--training.epochs", "1", "--exp_dir", root, "--logger.group", "head"],
  ]);
  const checkpoint = join(root, "precomputed_features", "head", "0", "checkpoints", "last.pt");
  const { err } = await run("extract_features", [
    ...["--checkpoint_path", checkpoint, ...data, ...name("again")],
  ]);
  assert(err.some((line) => line.includes("has no encoder weights")), err.join("\n"));
  assert(!err.some((line) => line.includes("other weights")), err.join("\n"));
  assertEquals(await features(of("again")), await features(of("first")));
});

Deno.test("a checkpoint's features equal those of an explicit run with its weights", async () => {
  const root = Deno.makeTempDirSync();
  await writeImages(root);
  const data = [
    ...["--data.dataset", "generic_image_dataset", "--data.data_root_dir", root],
    ...["--data.num_classes", "2", "--data.augmentation.train_policy", "default", ...SPLITS],
  ];
  await run("train", [
    ...[...data, ...MODEL, "--model.encoder.no_pretrained", "--dataloading.batch_size", "4"],
    ...["--training.epochs", "1", "--exp_dir", root, "--logger.group", "whole"],
  ]);
  const checkpoint = join(root, "generic_image_dataset", "whole", "0", "checkpoints", "last.pt");
  const to = ["--output_dir", root, "--split", "val"];
  const names = ["--output_filename", "{checkpoint}_{dataset}_{split}_{method}.h5"];
  await run("extract_features", ["--checkpoint_path", checkpoint, ...to, ...names]);
  const weights = ["--model.encoder.weights_file", checkpoint];
  // An encoder that began without trained weights has not the preprocessing of timm's.
  const images = "--data.augmentation.resize_size 183 --data.augmentation.mean 0.485 0.456 0.406 " +
    "--data.augmentation.std 0.229 0.224 0.225 --data.augmentation.test_kwargs.interpolation " +
    "bilinear";
  await run("extract_features", [...data, ...images.split(" "), ...MODEL, ...weights, ...to]);
  const [own, explicit] = await Promise.all([
    features(join(root, "last_generic_image_dataset_val_joint.h5")),
    features(join(root, "agg_joint_test_vit_generic_image_dataset_val_size160_float16.h5")),
  ]);
  assertEquals(own, explicit);
  assertEquals(own.length, 6 * 128);
});
