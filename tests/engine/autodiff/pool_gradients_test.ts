import { assertEquals } from "@std/assert";
import { gradients } from "../../../engine/autodiff/backward.ts";
import { mul } from "../../../engine/ir/elementwise.ts";
import { reduceSum } from "../../../engine/ir/matrix.ts";
import { averagePool, maxPool } from "../../../engine/ir/windows.ts";
import { checkGradients } from "../_gradient_check.ts";
import { evaluate, feedsOf, inputsOf, type Sample } from "../_run.ts";
import { apart } from "./_case.ts";

Deno.test("maxPoolGradient() gives the first of equal maxima all, as PyTorch", async () => {
  const x: Sample = {
    values: [1, 1, 0, 2, 1, 1, 2, 2, 3, 0, 3, 0, 3, 3, 3, 3],
    shape: [1, 1, 4, 4],
    declared: ["batch", 1, 4, 4],
  };
  const weights: Sample = {
    values: Array.from({ length: 16 }, (_, i) => i + 1),
    shape: [1, 1, 4, 4],
    frozen: true,
  };
  const [images, factors] = inputsOf([x, weights]);
  const maxima = maxPool(images, 3, { stride: 1, padding: 1 });
  const [gradient] = gradients(reduceSum(mul(maxima, factors)), [images]);
  const [{ values }] = await evaluate([gradient], feedsOf([x, weights]));
  // Printed by torch.nn.functional.max_pool2d's backward, version 2.13.
  assertEquals(values, [1, 0, 0, 7, 0, 0, 2, 0, 57, 0, 69, 0, 0, 0, 0, 0]);
});

for (const pool of [maxPool, averagePool]) {
  Deno.test(`gradients of gradients of ${pool.name}() are second derivatives`, async () => {
    await checkGradients(
      (x) => {
        const value = pool(x, 3, { stride: 2, padding: 1 });
        return gradients(reduceSum(mul(value, mul(value, value))), [x])[0];
      },
      [apart([1, 2, 5, 5])],
      { tolerance: 5e-3 },
    );
  });
}
