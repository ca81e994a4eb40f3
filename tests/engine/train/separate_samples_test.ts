import { assertEquals } from "@std/assert";
import { input } from "../../../engine/ir/create.ts";
import { add } from "../../../engine/ir/elementwise.ts";
import { cumSum, gather, slice, topK } from "../../../engine/ir/indexing.ts";
import { concat, reshape, transpose } from "../../../engine/ir/layout.ts";
import { gemm, layerNormalization, matMul, reduceSum, softmax } from "../../../engine/ir/matrix.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { RandomStream } from "../../../engine/nn/random.ts";
import { Parameters } from "../../../engine/nn/scope.ts";
import { convnext } from "../../../engine/nn/vision/convnext.ts";
import { resnet } from "../../../engine/nn/vision/resnet.ts";
import type { VisionArchitecture } from "../../../engine/nn/vision/vision_model.ts";
import { visionTransformer } from "../../../engine/nn/vision/vision_transformer.ts";
import { samplesAreSeparate } from "../../../engine/train/separate_samples.ts";

const x = input("x", "float32", ["batch", 4]);
const weight = input("weight", "float32", [4, 4]);
const whole = transpose(x); // [4, batch]

const cases: Readonly<Record<string, [separate: Tensor, mixed: Tensor]>> = {
  reduction: [reduceSum(x, { axes: [1] }), reduceSum(x, { axes: [0] })],
  "reduction after transpose": [reduceSum(whole, { axes: [0] }), reduceSum(whole, { axes: [1] })],
  "reduction after reshape": [
    reduceSum(reshape(x, ["batch", 2, 2]), { axes: [2] }),
    reduceSum(reshape(x, ["batch*4"])),
  ],
  softmax: [softmax(x, 1), softmax(x, 0)],
  gemm: [gemm(x, weight, { transB: true }), gemm(x, x, { transA: true })],
  matMul: [matMul(x, weight), matMul(whole, x)],
  layerNormalization: [
    layerNormalization(x, input("w", "float32", [4]), input("b", "float32", [4]), 1e-5),
    layerNormalization(
      whole,
      input("w", "float32", ["batch"]),
      input("b", "float32", ["batch"]),
      0,
    ),
  ],
  concat: [concat([x, x], 1), concat([x, x], 0, "2*batch")],
  slice: [slice(x, 1, 0, 2), slice(x, 0, 0, 2)],
  gather: [
    gather(weight, input("row", "int64", ["batch"])),
    gather(x, input("partner", "int64", ["batch"])),
  ],
  topK: [topK(x, 2).values, topK(x, 2, { axis: 0 }).values],
  cumSum: [cumSum(x, 1), cumSum(x, 0)],
};

for (const [name, [separate, mixed]] of Object.entries(cases)) {
  Deno.test(`samplesAreSeparate() tells samples that see each other: ${name}`, () => {
    assertEquals(samplesAreSeparate(add(separate, 1)), true);
    assertEquals(samplesAreSeparate(add(mixed, 1)), false);
  });
}

Deno.test("samplesAreSeparate() knows the models of images", () => {
  const separate = (architecture: VisionArchitecture, kwargs: Record<string, unknown>) => {
    const [scope, sampleShape] = [new Parameters().scope(), [3, 32, 32]];
    const model = architecture(kwargs, { scope, sampleShape });
    const random = new RandomStream(input("seed", "uint32", []));
    const images = input("images", "float32", ["batch", ...sampleShape]);
    return samplesAreSeparate(model.forward(images, { training: true, random }));
  };
  const vit = { img_size: 32, patch_size: 8, embed_dim: 12, depth: 1, num_heads: 3 };
  const noise = { attn_drop_rate: 0.1, drop_path_rate: 0.1, patch_drop_rate: 0.5 };
  assertEquals(separate(visionTransformer, { ...vit, ...noise }), true);
  assertEquals(separate(convnext, { depths: [1, 1, 1, 1], dims: [4, 4, 4, 4] }), true);
  const blocks = { block: "BasicBlock", layers: [1, 1, 1, 1] };
  assertEquals(separate(resnet, { ...blocks, norm_layer: "groupnorm" }), true);
  assertEquals(separate(resnet, blocks), false);
});
