/** Inference on images: through a timm encoder, and through an ONNX file. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { join } from "node:path";
import { infer } from "../../../jobs/predict/infer.ts";
import { flag } from "../../../registry/config/flag.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { registry } from "../../../registry/registry.ts";
import "../../../plugins/mod.ts";
import { modelFile } from "../../engine/onnx/_models.ts";
import { writeClassImages } from "../../_class_images.ts";
import { type Flags, inFolder, listenTo } from "../../_training.ts";

const IMAGES = { counts: { train: 5, val: 3, test: 4 }, side: 16, seed: 3 };

const ENCODERS: Readonly<Record<string, Flags>> = {
  timm: {
    "data.augmentation.image_size": "32",
    "model.encoder.type": "test_vit",
    "model.encoder.pretrained": "false",
  },
  onnx: {
    "model.encoder.file": modelFile("tokens"),
    "model.feature_aggregation_method": "mean_all",
  },
};

/** Requires equal cells, but for what float32 rounds in numbers. */
function assertSameTable(actual: string, expected: string): void {
  const cells = (text: string) => text.split(/[,\n]/);
  assertEquals(cells(actual).length, cells(expected).length);
  for (const [i, cell] of cells(expected).entries()) {
    const found = cells(actual)[i];
    if (cell.includes(".") && Number.isFinite(Number(cell))) {
      assertAlmostEquals(Number(found), Number(cell), 1e-6);
    } else assertEquals(found, cell);
  }
}

for (const [encoder_type, own] of Object.entries(ENCODERS)) {
  Deno.test(`infer() sends images through an encoder of ${encoder_type}, as training did`, async () => {
    await inFolder(async (root) => {
      await writeClassImages(root, IMAGES);
      const flags: Flags = {
        "data.dataset": "generic_image_dataset",
        "data.data_root_dir": root,
        "data.num_classes": "2",
        "data.split_source": "subdirs",
        "data.label_source": "folder",
        "data.augmentation.train_policy": "default",
        "model.encoder.encoder_type": encoder_type,
        "peft.method": "linear_probing",
        "training.epochs": "1",
        "training.seed": "5",
        exp_dir: join(root, "runs"),
        ...own,
      };
      const list = Object.entries(flags).map(([path, value]) => flag(path, value));
      const { config } = resolveConfig({ flags: list }, registry);
      const { done } = await listenTo(config);
      const table = join(done.directory, "predictions_test.csv");
      const before = await Deno.readTextFile(table);
      const { metrics, predictions, file } = await infer([{ exp_dir: done.directory }]);
      const { test_loss: _, ...test } = done.test!;
      assertEquals(metrics, test);
      assertSameTable(await Deno.readTextFile(file), before);
      assertEquals(predictions.classNames, ["bright", "dark"]);
      assertEquals(predictions.ids.length, 8);
      assertEquals(predictions.ids[0].endsWith("bright/0.png"), true);
    });
  });
}
