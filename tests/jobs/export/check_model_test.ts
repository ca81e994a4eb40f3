/** The check of an exported file would notice a file that says something else. */
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { input } from "../../../engine/ir/create.ts";
import { mul } from "../../../engine/ir/elementwise.ts";
import { emit } from "../../../engine/onnx/emit.ts";
import { encode } from "../../../engine/onnx/encode.ts";
import { checkModel, imageSample, standInSamples } from "../../../jobs/export/check_model.ts";
import { inFolder } from "../../_training.ts";

const model = { sampleShape: [2], subtask: "multiclass" } as const;
const samples = { features: Float32Array.of(0.25, 0.75) };

async function withFile(test: (path: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const path = join(folder, "m.onnx");
    const features = input("features", "float32", ["batch", 2]);
    await Deno.writeFile(path, encode(emit({ scores: mul(features, 1) })));
    await test(path);
  });
}

Deno.test("checkModel() measures the largest difference", async () => {
  await withFile(async (path) => {
    const scores = Float32Array.of(0.25, 0.75 + 2 ** -16);
    assertEquals(await checkModel(path, { samples, scores }, { model, precision: 32 }), 2 ** -16);
    const far = { samples, scores: Float32Array.of(0.25, 0.752) };
    assertEquals(await checkModel(path, far, { model, precision: 16 }) > 1e-3, true);
    await assertRejects(
      () => checkModel(path, far, { model, precision: 32 }),
      DataError,
      "the file's scores differ from the checkpoint's by 0.0020, more than 0.0001",
    );
  });
});

Deno.test("checkModel() takes neither NaN nor fewer scores", async () => {
  await withFile(async (path) => {
    for (const scores of [Float32Array.of(NaN, 0.75), Float32Array.of(0.25)]) {
      const options = { model, precision: 32 } as const;
      await assertRejects(() => checkModel(path, { samples, scores }, options), DataError);
    }
  });
});

Deno.test("samples stand in for real ones", () => {
  const bags = standInSamples({ sampleShape: [3], bags: true });
  assertEquals([bags.features.length, [...bags.lengths!]], [38 * 3, [7, 1, 30]]);
  const operations = [{ op: "center_crop", size: [4, 5] }] as const;
  for (const channels of [1, 3]) {
    const { features, image } = imageSample({ channels, operations });
    assertEquals([features.length, image!.shape[2]], [channels * 20, 3]);
  }
});
