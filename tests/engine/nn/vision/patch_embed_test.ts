import { assertEquals, assertLess } from "@std/assert";
import type { Tensor } from "../../../../engine/ir/node.ts";
import { Parameters, type Scope } from "../../../../engine/nn/scope.ts";
import { layerNorm } from "../../../../engine/nn/vision/norms.ts";
import {
  gridOf,
  patchEmbed,
  type PatchEmbedOptions,
} from "../../../../engine/nn/vision/patch_embed.ts";
import { relativeError } from "../../../_golden.ts";
import {
  checkLayerGradients,
  EVALUATION,
  ruleImages,
  ruleWeights,
  runOnRule,
  shapesOf,
} from "../../../_timm.ts";

const OPTIONS: PatchEmbedOptions = { patchSize: [2, 3], channels: 2, dim: 4, bias: true };

function declare(options: Partial<PatchEmbedOptions> = {}) {
  return (scope: Scope) => {
    const layer = patchEmbed(scope, { ...OPTIONS, ...options });
    return (x: Tensor) => layer(x, EVALUATION);
  };
}

/** A convolution whose stride is its size, value by value; `[2, 2, 5, 7]` to `[2, 4 patches, 4]`. */
function convolved(): number[] {
  const [batch, channels, height, width] = [2, 2, 5, 7];
  const x = ruleImages([channels, height, width]).data as Float32Array;
  const kernel = ruleWeights("proj.weight", [4, channels, 2, 3]);
  const bias = ruleWeights("proj.bias", [4]);
  const values: number[] = [];
  for (let sample = 0; sample < batch; sample++) {
    for (const [top, left] of [[0, 0], [0, 3], [2, 0], [2, 3]]) {
      for (let output = 0; output < 4; output++) {
        let sum = bias[output];
        for (let at = 0; at < channels * 6; at++) {
          const [channel, row, column] = [Math.floor(at / 6), Math.floor(at % 6 / 3), at % 3];
          const line = (sample * channels + channel) * height + top + row;
          sum += x[line * width + left + column] * kernel[output * channels * 6 + at];
        }
        values.push(sum);
      }
    }
  }
  return values;
}

Deno.test("patchEmbed() is a convolution whose stride is its size", async () => {
  const parameters = new Parameters();
  const forward = declare()(parameters.scope());
  const { y } = await runOnRule(parameters.list(), (x) => ({ y: forward(x) }), [2, 5, 7]);
  assertEquals([...y.shape], [2, 4, 4]);
  assertLess(relativeError(y.data as Float32Array, convolved()), 2e-6);
});

Deno.test("patchEmbed() has the gradients of finite differences", async () => {
  await checkLayerGradients(declare({ norm: layerNorm }), [2, 2, 5, 6], {
    step: 1e-3,
    tolerance: 5e-3,
  });
});

Deno.test("patchEmbed() declares a convolution's parameters", () => {
  const parameters = new Parameters();
  declare({ bias: false, norm: layerNorm })(parameters.scope());
  assertEquals(shapesOf(parameters.list()), {
    "proj.weight": [4, 2, 2, 3],
    "norm.weight": [4],
    "norm.bias": [4],
  });
});

Deno.test("gridOf() counts whole patches", () => {
  assertEquals(gridOf([224, 225], [16, 14]), [14, 16]);
});
