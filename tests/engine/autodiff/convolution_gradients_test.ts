import { assert, assertEquals } from "@std/assert";
import { gradients } from "../../../engine/autodiff/backward.ts";
import { reachable } from "../../../engine/ir/reachable.ts";
import { input } from "../../../engine/ir/create.ts";
import { mul } from "../../../engine/ir/elementwise.ts";
import { reduceSum } from "../../../engine/ir/matrix.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import type { Shape } from "../../../engine/ir/types.ts";
import { conv, type ConvOptions, convTranspose } from "../../../engine/ir/windows.ts";
import { checkGradients } from "../_gradient_check.ts";
import { sample } from "../_run.ts";

/** Operators of the gradient of Σ (x ∗ w)² with respect to x. */
function operatorsFor(x: Shape, weight: Shape, options: ConvOptions): string[] {
  const images = input("x", "float32", x);
  const maps = conv(images, input("w", "float32", weight), options);
  const [gradient] = gradients(reduceSum(mul(maps, maps)), [images]);
  return reachable([gradient]).map(({ op }) => op);
}

Deno.test("convGradient() turns the weight round only where that is possible and pays", () => {
  const transposes = (x: Shape, weight: Shape, options: ConvOptions = {}) =>
    operatorsFor(x, weight, options).includes("ConvTranspose");
  assert(!transposes(["batch", 2, 8, 8], [2, 2, 3, 3], { padding: 1 }));
  assert(!transposes(["batch", 4, 8, 8], [4, 1, 3, 3], { padding: 1, groups: 4, dilation: 2 }));
  assert(transposes(["batch", 2, 8, 8], [2, 2, 3, 3], { stride: 2 }));
  assert(transposes(["batch", 2, 8, 8], [2, 2, 3, 3], { padding: 3 }));
  assert(transposes(["batch", 2, 2, 2], [2, 2, 3, 3], { padding: 1 }));
});

Deno.test("convGradient() makes no convolution whose weight is as large as the maps", () => {
  const [x, w] = [input("x", "float32", [2, 3, 9, 9]), input("w", "float32", [4, 3, 3, 3])];
  const maps = conv(x, w, { stride: 2, padding: 1 });
  const [gradient] = gradients(reduceSum(mul(maps, maps)), [w]);
  const convolutions = reachable([gradient]).filter(({ op }) => op === "Conv");
  assertEquals(convolutions.map(({ inputs: [, weight] }) => weight!.shape), [[4, 3, 3, 3]]);
});

const square = (f: (x: Tensor, w: Tensor) => Tensor) => (x: Tensor, w: Tensor) => {
  const value = f(x, w);
  return gradients(reduceSum(mul(value, mul(value, value))), [x, w]);
};
const cubes: Record<string, (x: Tensor, w: Tensor) => Tensor> = {
  convolution: (x, w) => conv(x, w, { stride: 2, padding: 1 }),
  "turned convolution": (x, w) => conv(x, w, { padding: 1 }),
  "transposed convolution": (x, w) => convTranspose(x, w, { stride: 2 }),
};

for (const [name, f] of Object.entries(cubes)) {
  Deno.test(`gradients of gradients of a ${name} are second derivatives`, async () => {
    const at = [sample([1, 2, 5, 5]), sample([2, 2, 3, 3], { seed: 2, between: [-0.5, 0.5] })];
    for (const which of [0, 1]) {
      await checkGradients((x, w) => square(f)(x, w)[which], at, { tolerance: 5e-3 });
    }
  });
}
