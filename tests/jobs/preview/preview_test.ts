import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import sharp from "sharp";
import "../../../plugins/mod.ts";
import { openSplitSource } from "../../../engine/data/open_source.ts";
import { DataError } from "../../../engine/errors.ts";
import { preview, type PreviewOptions } from "../../../jobs/preview/preview.ts";
import { createDataset } from "../../../registry/builder/dataset.ts";
import { flag } from "../../../registry/config/flag.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { registry } from "../../../registry/registry.ts";
import { writeClassImages } from "../../_class_images.ts";
import { type Flags, inFolder } from "../../_training.ts";

const IMAGES = { counts: { train: 4, val: 1 }, side: 140, seed: 4 };
const SIDE = 128;

function configOf(root: string, flags: Flags = {}) {
  const all: Flags = {
    "data.dataset": "generic_image_dataset",
    "data.data_root_dir": root,
    "data.num_classes": "2",
    "data.split_source": "subdirs",
    "data.label_source": "folder",
    "data.augmentation.train_policy": "default_2d_3",
    "data.augmentation.image_size": String(SIDE),
    "model.encoder.encoder_type": "timm",
    "model.encoder.type": "test_vit",
    "model.encoder.pretrained": "false",
    ...flags,
  };
  return resolveConfig({ flags: Object.entries(all).map(([path, value]) => flag(path, value)) })
    .config;
}

async function show(root: string, options: PreviewOptions, flags: Flags = {}) {
  const output = join(root, "sheets/preview.png");
  const notices: string[] = [];
  const notify = (message: string) => void notices.push(message);
  const made = await preview(configOf(root, flags), { ...options, output, notify });
  const { data, info: { width } } = await sharp(output).removeAlpha().raw()
    .toBuffer({ resolveWithObject: true });
  /** The pixels of a tile. */
  const tile = (row: number, column: number) => {
    const [left, top] = [16 + column * (SIDE + 8), 76 + 22 + row * (SIDE + 22 + 8)];
    const rows = Array.from({ length: SIDE }, (_, y) => {
      const from = 3 * ((top + y) * width + left);
      return [...data.subarray(from, from + 3 * SIDE)];
    });
    return rows.flat();
  };
  return { made, notices, tile };
}

Deno.test("preview() shows what training with that seed sees in its epochs, and evaluation", async () => {
  await inFolder(async (root) => {
    await writeClassImages(root, IMAGES);
    const { made, notices, tile } = await show(root, { samples: 2, draws: 2, seed: 7 });
    assertEquals(notices, []);
    assertEquals(made.columns, ["original", "epoch 1", "epoch 2", "test"]);
    assertEquals([made.samples.length, new Set(made.samples).size], [2, 2]);
    const { dataset, images } = await createDataset({ config: configOf(root), registry });
    const source = await openSplitSource((await dataset.open("train"))!);
    const last = images!.train.operations.at(-1)!;
    assert(last.op === "normalize");
    for (const [row, index] of made.samples.entries()) {
      for (const epoch of [0, 1]) {
        const random = { seed: 7, epoch };
        const { features } = await source.read(Int32Array.of(index), { random });
        const area = SIDE ** 2;
        for (const [at, value] of tile(row, 1 + epoch).entries()) {
          const [pixel, channel] = [Math.floor(at / 3), at % 3];
          const normal = features[channel * area + pixel];
          const seen = (value / 255 - last.mean[channel]) / last.std[channel];
          assert(Math.abs(normal - seen) < 1e-4, `row ${row}, epoch ${epoch}, value ${at}`);
        }
      }
      assertNotEquals(tile(row, 1), tile(row, 2));
    }
    source.close();
    const again = await show(root, { samples: 2, draws: 2, seed: 7 });
    assertEquals([again.made.samples, again.tile(1, 2)], [made.samples, tile(1, 2)]);
    const other = await show(root, { samples: 2, draws: 2, seed: 8 });
    assertNotEquals([other.made.samples, other.tile(1, 2)], [made.samples, tile(1, 2)]);
  });
});

Deno.test("preview() leaves out images that cannot be read, and shows no more than there are", async () => {
  await inFolder(async (root) => {
    await writeClassImages(root, IMAGES);
    Deno.writeTextFileSync(join(root, "images/train/dark/0.png"), "no image");
    const lenient = { "data.strict": "false" };
    const { made, notices } = await show(root, { samples: 50, draws: 1 }, lenient);
    assertEquals(made.samples, [0, 1, 2, 3, 5, 6, 7]);
    assertEquals(notices.length, 1);
    assert(notices[0].includes("dark/0.png") && notices[0].endsWith("; left out"));
  });
});

Deno.test("preview() refuses what has no images", async () => {
  await inFolder(async (root) => {
    const flags = Object.entries({
      "data.dataset": "precomputed_features",
      "data.num_classes": "2",
      "data.train_features_file": "a.h5",
      "data.val_features_file": "a.h5",
      "model.encoder.encoder_type": "precomputed",
      "model.encoder.feature_dim": "2",
    });
    const { config } = resolveConfig({ flags: flags.map(([path, value]) => flag(path, value)) });
    const error = await assertRejects(() => preview(config), ConfigError);
    assert(error.message.startsWith("data.dataset: expected a dataset of images"));
    const missing = preview(configOf(root), { output: join(root, "a.png") });
    await assertRejects(() => missing, DataError);
    assertEquals([...Deno.readDirSync(root)], []);
  });
});
