/** Exported models of images: encoder and head in one file, with and without preprocessing. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { normalizeImage } from "../../../engine/images/normalize.ts";
import { transformImage } from "../../../engine/images/transform.ts";
import type { Value } from "../../../engine/runtime/session.ts";
import { exportModel } from "../../../jobs/export/export.ts";
import { loadModel } from "../../../jobs/predict/load_model.ts";
import { imageTransforms } from "../../../registry/builder/images.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { registry } from "../../../registry/registry.ts";
import { inFolder } from "../../_training.ts";
import {
  expectedOf,
  farthest,
  feedsFor,
  requireSame,
  saidBy,
  saidByFile,
  trainImages,
  valuesOf,
} from "./_models.ts";

const floats = ({ data }: Value) => data as Float32Array;

for (const type of ["test_vit", "test_resnet"]) {
  Deno.test(`exportModel() writes ${type} with its head`, async () => {
    await inFolder(async (folder) => {
      const run = await trainImages(folder, type);
      const { file, inputs, real, samples } = await exportModel({ exp_dir: run.directory });
      assertEquals([inputs, real, samples], [{ features: ["batch", 3, 32, 32] }, true, 8]);
      const half = join(folder, "half.onnx");
      await exportModel({ exp_dir: run.directory, precision: 16, output: half });
      for (const rows of [1, 7, 500]) {
        const feeds = feedsFor(run, [rows]);
        const expected = await expectedOf(run, feeds);
        for (const [output, tolerance] of [[file, 1e-5], [half, 5e-3]] as const) {
          const said = valuesOf(await saidByFile(output, feeds));
          requireSame(said, expected, { tolerance, of: `${output}, ${rows}` });
        }
      }
    });
  });
}

Deno.test("exportModel() writes a file that takes images of any size", async () => {
  await inFolder(async (folder) => {
    const run = await trainImages(folder, "test_vit");
    const exp_dir = run.directory;
    const { file, inputs, real } = await exportModel({ exp_dir, with_preprocessing: true });
    assertEquals(real, true);
    assertEquals(inputs, { image: ["height", "width", 3] });
    const { config } = await loadModel(join(exp_dir, "checkpoints", "best.pt"), registry);
    const transform = imageTransforms({ config, registry })!.eval;
    for (const [height, width] of [[40, 40], [75, 230], [32, 20]] as const) {
      const data = Uint8Array.from(
        { length: height * width * 3 },
        (_, at) => 127 + 120 * Math.sin(at / 40),
      );
      const made = transformImage({ height, width, channels: 3, data }, transform);
      const features = new Float32Array(made.data.length);
      normalizeImage(made, transform, features);
      const shape = [1, 3, 32, 32];
      const { scores } = await saidBy(run, {
        features: { dtype: "float32", shape, data: features },
      });
      const said = await saidByFile(file, {
        image: { dtype: "uint8", shape: [height, width, 3], data },
      });
      assertEquals(said.scores.shape, [1, 2]);
      assert(farthest(floats(said.scores), scores) < 5e-3, `${height}x${width}`);
    }
    const last = { exp_dir, with_preprocessing: true, checkpoint: "none" as "last" };
    await assertRejects(() => exportModel(last), ConfigError, "checkpoint");
  });
});

Deno.test("exportModel() merges adapters into the weights", async () => {
  await inFolder(async (folder) => {
    const run = await trainImages(folder, "test_vit", { "peft.method": "lora" });
    const exp_dir = run.directory;
    const plain = await exportModel({ exp_dir });
    const output = join(folder, "merged.onnx");
    const merged = await exportModel({ exp_dir, output, merge_adapters: true });
    assert(merged.bytes < plain.bytes, `${merged.bytes} of ${plain.bytes} bytes`);
    const feeds = feedsFor(run, [3]);
    const { scores } = await saidBy(run, feeds);
    assert(farthest(floats((await saidByFile(output, feeds)).scores), scores) < 1e-5);
  });
  await inFolder(async (folder) => {
    const { directory } = await trainImages(folder, "test_vit", { "peft.method": "adapt_former" });
    const asked = { exp_dir: directory, merge_adapters: true };
    await assertRejects(() => exportModel(asked), ConfigError, "peft.method");
  });
});
