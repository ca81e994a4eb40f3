import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { input } from "../../../../engine/ir/create.ts";
import { Random } from "../../../../engine/random.ts";
import { Parameters } from "../../../../engine/nn/scope.ts";
import {
  conv2d,
  type Conv2dOptions,
  kaimingNormal,
} from "../../../../engine/nn/vision/convolution.ts";
import { checkLayerGradients, EVALUATION, runOnRule, shapesOf } from "../../../_timm.ts";

Deno.test("conv2d() declares PyTorch's parameters", () => {
  const parameters = new Parameters();
  const scope = parameters.scope();
  const options = { inputs: 4, outputs: 6, kernel: [3, 1], groups: 2 } as const;
  const layer = conv2d(scope.child("a"), { ...options, stride: 2, padding: [1, 0], dilation: 1 });
  conv2d(scope.child("b"), { ...options, kernel: 3, bias: false });
  assertEquals(shapesOf(parameters.list()), {
    "a.weight": [6, 2, 3, 1],
    "a.bias": [6],
    "b.weight": [6, 2, 3, 3],
  });
  const maps = layer(input("x", "float32", ["batch", 4, 8, 8]), EVALUATION);
  assertEquals(maps.shape, ["batch", 6, 4, 4]);
});

Deno.test("conv2d() starts within 1/√fan_in", () => {
  const parameters = new Parameters();
  conv2d(parameters.scope(), { inputs: 8, outputs: 16, kernel: 3, groups: 2 });
  for (const { shape, initializer } of parameters.list()) {
    const largest = Math.max(...initializer(shape, new Random(1)).map(Math.abs));
    assertLess(largest, 1 / 6);
    assertLess(1 / 6 * 0.7, largest);
  }
});

Deno.test("conv2d() has the gradient of finite differences", async () => {
  const names = await checkLayerGradients((scope) => {
    const layer = conv2d(scope, { inputs: 2, outputs: 3, kernel: 3, stride: 2, padding: 1 });
    return (x) => layer(x, EVALUATION);
  }, [2, 2, 5, 4]);
  assertEquals(names, ["weight", "bias"]);
});

Deno.test("conv2d() pads as TensorFlow does: a window for each step, the odd row at the end", async () => {
  const options = { inputs: 2, outputs: 2, kernel: 3, stride: 2, groups: 2 } as const;
  const run = (sampleShape: readonly number[], padding: Conv2dOptions["padding"]) => {
    const parameters = new Parameters();
    const layer = conv2d(parameters.scope(), { ...options, padding });
    return runOnRule(
      parameters.list(),
      (x) => ({ maps: layer(x, EVALUATION) }),
      sampleShape,
    );
  };
  const even = await run([2, 6, 8], "same");
  assertEquals([...even.maps.shape], [2, 2, 3, 4]);
  assertEquals(even.maps.data, (await run([2, 6, 8], [0, 0, 1, 1])).maps.data);
  const odd = await run([2, 5, 7], "same");
  assertEquals(odd.maps.data, (await run([2, 5, 7], 1)).maps.data);
});

Deno.test("conv2d() with TensorFlow's padding has the gradient of finite differences", async () => {
  const names = await checkLayerGradients((scope) => {
    const options = { inputs: 2, outputs: 2, kernel: 5, stride: 2, groups: 2 } as const;
    const layer = conv2d(scope, { ...options, padding: "same" });
    return (x) => layer(x, EVALUATION);
  }, [2, 2, 6, 5]);
  assertEquals(names, ["weight", "bias"]);
});

Deno.test("kaimingNormal() has variance 2 / fan_out", () => {
  const values = kaimingNormal([64, 8, 3, 3], new Random(1));
  const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
  assertAlmostEquals(variance, 2 / (64 * 9), 2e-4);
});
