/** Inference with faster and less precise matrix products, and in float16. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DeviceError } from "../../../engine/errors.ts";
import { input } from "../../../engine/ir/create.ts";
import { reshape } from "../../../engine/ir/layout.ts";
import { matMul } from "../../../engine/ir/matrix.ts";
import { bakeInputs } from "../../../engine/onnx/bake.ts";
import { emit } from "../../../engine/onnx/emit.ts";
import { encode } from "../../../engine/onnx/encode.ts";
import type { DeviceChoice } from "../../../engine/runtime/session_options.ts";
import { infer } from "../../../jobs/predict/infer.ts";
import { TrainedModel } from "../../../jobs/predict/trained_model.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { relativeError } from "../../_golden.ts";
import { peftFlags, runFlags, writeImages } from "../../_peft_runs.ts";
import { ruleWeights } from "../../_timm.ts";
import { inFolder } from "../../_training.ts";

/** Trains a small ViT of some width on images, and gives its run. */
async function runOf(folder: string, width: number): Promise<string> {
  await writeImages(folder);
  const model_kwargs = { img_size: 16, patch_size: 8, embed_dim: width, depth: 2, num_heads: 6 };
  const { directory } = await runFlags({
    ...peftFlags(folder, "linear_probing"),
    "model.encoder.model_kwargs": JSON.stringify(model_kwargs),
  });
  return directory;
}

/** Flags of a short run on the images, for encoders of any type. */
function imageFlags(folder: string): Readonly<Record<string, string>> {
  const all = Object.entries(peftFlags(folder, "full_finetuning"));
  return Object.fromEntries(
    all.filter(([path]) => !/^(model|peft)\./.test(path)),
  );
}

interface Asked {
  readonly precision_compute?: 16 | 32;
  readonly float32_matmul_precision?: "highest" | "high" | "medium";
  readonly device?: DeviceChoice;
}

async function predict(exp_dir: string, asked: Asked) {
  const notices: string[] = [];
  const pred_output = join(exp_dir, "out.csv");
  const { predictions } = await infer([{ exp_dir, pred_output, ...asked }], {
    onEvent: (event) => event.type === "notice" && notices.push(event.message),
  });
  const told = notices.filter((line) => /^(float32_matmul|precision)/.test(line));
  return { scores: predictions.scores, told };
}

Deno.test("infer() computes with the matrix products that are asked for", async () => {
  await inFolder(async (folder) => {
    const directory = await runOf(folder, 384);
    const whole = await predict(directory, { float32_matmul_precision: "highest" });
    assertEquals(whole.told, []);
    for (const [precision, largest] of [["high", 1e-3], ["medium", 1e-1]] as const) {
      const made = await predict(directory, { float32_matmul_precision: precision });
      const error = relativeError(made.scores, whole.scores);
      await using model = await TrainedModel.load(join(directory, "checkpoints", "best.pt"), {
        float32MatmulPrecision: precision,
      });
      const used = made.told.length === 0 ? precision : "highest";
      assertEquals(model.precision, { compute: 32, matmul: used });
      if (made.told.length === 0) assert(error > largest / 1e4 && error < largest, `${error}`);
      else {
        const none =
          `float32_matmul_precision ${precision} has no effect: this processor gains nothing from it`;
        assertEquals([made.told, error < 1e-6], [[none], true]);
      }
    }
  });
});

Deno.test("infer() says that less precise products change nothing without wide layers", async () => {
  await inFolder(async (folder) => {
    const directory = await runOf(folder, 12);
    const whole = await predict(directory, {});
    const made = await predict(directory, { float32_matmul_precision: "medium" });
    assertEquals(made.told.length, 1);
    assertMatch(
      made.told[0],
      /^float32_matmul_precision medium has no effect: (no linear layer has at least 384 inputs and outputs|this processor gains nothing from it)$/,
    );
    assert(relativeError(made.scores, whole.scores) < 1e-6);
  });
});

Deno.test("infer() makes the products of an ONNX encoder faster, which runs before the model", async () => {
  await inFolder(async (folder) => {
    await writeImages(folder);
    const [side, width] = [16, 384];
    const inputs = 3 * side * side;
    const images = input("images", "float32", ["batch", 3, side, side]);
    const weight = input("weight", "float32", [inputs, width]);
    const features = matMul(reshape(images, ["batch", inputs]), weight);
    const values = ruleWeights("weight", [inputs, width]);
    const constants = new Map([["weight", { shape: [inputs, width], values }]]);
    const file = join(folder, "encoder.onnx");
    Deno.writeFileSync(file, encode(bakeInputs(emit({ features }), constants)));
    const { directory } = await runFlags({
      ...imageFlags(folder),
      "model.encoder.encoder_type": "onnx",
      "model.encoder.file": file,
    });
    const whole = await predict(directory, {});
    const made = await predict(directory, { float32_matmul_precision: "medium" });
    const error = relativeError(made.scores, whole.scores);
    if (made.told.length === 0) assert(error > 1e-6 && error < 1e-1, `${error}`);
    else assertMatch(made.told[0], /this processor gains nothing|on ARM64/);
  });
});

Deno.test("infer() refuses float16 on the CPU, and other values", async () => {
  await inFolder(async (folder) => {
    const directory = await runOf(folder, 12);
    const asked = { precision_compute: 16 } as const;
    const { message } = await assertRejects(() => predict(directory, asked), DeviceError);
    assertMatch(message, /^device cpu: it has no float16 arithmetic.* use precision_compute 32/);
    const wrong = { float32_matmul_precision: "low" } as unknown as Asked;
    const error = await assertRejects(() => predict(directory, wrong), ConfigError);
    assertMatch(error.message, /^float32_matmul_precision: expected one of "highest", "high"/);
  });
});
