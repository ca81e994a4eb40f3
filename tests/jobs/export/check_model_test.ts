/** The check of an exported file would notice a file that says something else. */
import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { input } from "../../../engine/ir/create.ts";
import { add } from "../../../engine/ir/elementwise.ts";
import { transpose } from "../../../engine/ir/layout.ts";
import { emit } from "../../../engine/onnx/emit.ts";
import { encode } from "../../../engine/onnx/encode.ts";
import { checkModel, imageSample, standInSamples } from "../../../jobs/export/check_model.ts";
import { inFolder } from "../../_training.ts";

const model = { sampleShape: [2], subtask: "multiclass", numClasses: 2 } as const;
const samples = { features: Float32Array.of(0.25, 0.75) };

/** A file whose outputs are its features, some of them moved a little. */
async function withFile(
  outputs: Readonly<Record<string, number>>,
  test: (path: string) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const path = join(folder, "m.onnx");
    const features = input("features", "float32", ["batch", 2]);
    const moved = Object.entries(outputs).map(([name, by]) =>
      [name, name === "attention" ? transpose(add(features, by)) : add(features, by)] as const
    );
    await Deno.writeFile(path, encode(emit(Object.fromEntries(moved))));
    await test(path);
  });
}

Deno.test("checkModel() measures the largest difference of every output", async () => {
  await withFile({ scores: 0, logits: 0 }, async (path) => {
    const scores = Float32Array.of(0.25, 0.75 + 2 ** -16);
    const logits = Float32Array.of(0.25 - 2 ** -15, 0.75);
    assertEquals(
      await checkModel(path, { samples, outputs: { scores, logits } }, { model, precision: 32 }),
      { scores: 2 ** -16, logits: 2 ** -15 },
    );
    const far = { samples, outputs: { scores: Float32Array.of(0.25, 0.752) } };
    const half = await checkModel(path, far, { model, precision: 16 });
    assertEquals(half.scores > 1e-3, true);
    await assertRejects(
      () => checkModel(path, far, { model, precision: 32 }),
      DataError,
      'Cannot export: output "scores" differs from the checkpoint\'s by 0.002 in sample 0, ' +
        "more than 0.0001",
    );
  });
});

Deno.test("checkModel() measures logits by the largest of them, and names samples", async () => {
  await withFile({ scores: 0, logits: 0 }, async (path) => {
    const given = { features: Float32Array.of(1, 2, -40, 8), names: ["first", "second"] };
    const said = (logits: readonly number[]) => ({
      samples: given,
      outputs: { logits: Float32Array.from(logits) },
    });
    const near = await checkModel(path, said([1, 2, -40, 8.002]), { model, precision: 32 });
    assertAlmostEquals(near.logits, 0.002 / 40, 1e-6);
    await assertRejects(
      () => checkModel(path, said([1, 2, -40, 8.008]), { model, precision: 32 }),
      DataError,
      'output "logits" differs from the checkpoint\'s by 0.008 in sample second, more than 0.004',
    );
    const regression = { ...model, subtask: "regression" } as const;
    const values = { scores: Float32Array.of(1, 2, -40, 8.002) };
    const options = { model: regression, precision: 32 } as const;
    assertAlmostEquals(
      (await checkModel(path, { samples: given, outputs: values }, options)).scores,
      near.logits,
    );
  });
});

Deno.test("checkModel() names the instance whose attention or score is another", async () => {
  const bags = {
    features: Float32Array.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6),
    lengths: Int32Array.of(1, 2),
    names: ["a", "b"],
  };
  await withFile({ attention: 0, instance_scores: 0 }, async (path) => {
    const cases = [
      ["attention", [0.1, 0.3, 0.5, 0.2, 0.4, 0.62], "b, instance 1"],
      ["attention", [0.1, 0.3, 0.5, 0.22, 0.4, 0.6], "a, instance 0"],
      ["instance_scores", [0.1, 0.2, 0.3, 0.42, 0.5, 0.6], "b, instance 0"],
    ] as const;
    for (const [name, values, place] of cases) {
      const outputs = { [name]: Float32Array.from(values) };
      await assertRejects(
        () => checkModel(path, { samples: bags, outputs }, { model, precision: 32 }),
        DataError,
        `output "${name}" differs from the checkpoint's by 0.02 in sample ${place}, more than 0.0001`,
      );
    }
  });
});

Deno.test("checkModel() takes neither NaN nor outputs that are missing or shorter", async () => {
  const cases = [
    ["scores", [NaN, 0.75], "differs from the checkpoint's by NaN in sample 0"],
    ["scores", [0.25], "has 2 values, the checkpoint's 1"],
    ["attention", [0.25], "has 0 values, the checkpoint's 1"],
    ["logits", [0.25, Infinity], "differs from the checkpoint's by Infinity in sample 0"],
  ] as const;
  await withFile({ scores: 0, logits: 0 }, async (path) => {
    for (const [name, values, state] of cases) {
      const outputs = { [name]: Float32Array.from(values) };
      await assertRejects(
        () => checkModel(path, { samples, outputs }, { model, precision: 32 }),
        DataError,
        `output "${name}" ${state}`,
      );
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
