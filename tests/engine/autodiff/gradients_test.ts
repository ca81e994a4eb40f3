import { assert, assertEquals, assertThrows } from "@std/assert";
import { gradients } from "../../../engine/autodiff/backward.ts";
import { reachable } from "../../../engine/ir/reachable.ts";
import { gradientRules } from "../../../engine/autodiff/gradients.ts";
import type { Gradients } from "../../../engine/autodiff/rule.ts";
import { applyOne } from "../../../engine/ir/create.ts";
import { exp, mul, pow } from "../../../engine/ir/elementwise.ts";
import { concat } from "../../../engine/ir/layout.ts";
import { gather, slice } from "../../../engine/ir/indexing.ts";
import { layerNormalization, reduceMax, reduceSum } from "../../../engine/ir/matrix.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import type { OpName } from "../../../engine/ir/ops.ts";
import { checkGradients } from "../_gradient_check.ts";
import { evaluate, feedsOf, indices, inputsOf, sample } from "../_run.ts";
import { apart } from "./_case.ts";
import { cases } from "./_cases.ts";

for (const [op, examples] of Object.entries(cases)) {
  if (examples === "no gradient") {
    Deno.test(`${op} passes no gradient on`, () => {
      const rule = gradientRules[op as OpName] as unknown as () => Gradients;
      assertEquals(rule(), []);
    });
    continue;
  }
  Deno.test(`${op} has the gradient of finite differences`, async (test) => {
    assert(examples.length > 0);
    for (const { name, of, at, ...options } of examples) {
      await test.step(name, async () => {
        const { value } = await checkGradients(of, at, options);
        assert(reachable([value]).some((node) => node.op === op), `${op} is not in the graph`);
      });
    }
  });
}

Deno.test("ReduceMax shares the gradient of a tie of three evenly", async () => {
  const x = { values: [2, 2, 1, 2], shape: [4] };
  const inputs = inputsOf([x]);
  const [dx] = gradients(mul(reduceMax(inputs[0]), 6), inputs);
  assertEquals((await evaluate([dx], feedsOf([x])))[0].values, [2, 2, 0, 2]);
});

Deno.test("Pow throws if the exponent needs a gradient", () => {
  const [x, p] = inputsOf([sample([3]), sample([3])]);
  const message = "Cannot differentiate Pow: the exponent is not constant";
  assertThrows(() => gradients(reduceSum(pow(x, p)), [p]), TypeError, message);
  assertEquals(gradients(reduceSum(pow(x, p)), [x])[0].shape, [3]);
});

Deno.test("ScatterElements throws where updates are not added", () => {
  const [x, i, u] = inputsOf([sample([3]), indices([0]), sample([1])]);
  const y = applyOne("ScatterElements", [x, i, u], { axis: 0, reduction: "max" });
  const message = 'Cannot differentiate ScatterElements: reduction is "max"';
  assertThrows(() => gradients(reduceSum(y), [x]), TypeError, message);
});

Deno.test("LayerNormalization throws instead of a wrong second derivative", () => {
  const inputs = inputsOf([sample([2, 3]), sample([3]), sample([3])]);
  const [x, weight, bias] = inputs;
  const y = layerNormalization(x, weight, bias, 1e-5);
  const [dx] = gradients(reduceSum(mul(y, y)), [x]);
  const message = "Cannot differentiate LayerNormalization: its statistics are used";
  assertThrows(() => gradients(reduceSum(mul(dx, dx)), [x]), TypeError, message);
});

/** Σ exp f(x), differentiated once: its own gradient then has second derivatives of f in it. */
function derivative(f: (x: Tensor) => Tensor): (x: Tensor) => Tensor {
  return (x) => gradients(reduceSum(exp(f(x))), [x])[0];
}

Deno.test("gradients() of gradients are second derivatives", async (test) => {
  const matrix = sample([3, 2], { declared: ["rows", 2] });
  const index = applyOne("Constant", [], {
    dtype: "int64",
    shape: [3],
    values: BigInt64Array.of(0n, 2n, 2n),
  });
  const functions: Record<string, (x: Tensor) => Tensor> = {
    concat: (x) => concat([mul(x, x), x], 0, "both"),
    slice: (x) => slice(x, 0, 1, 3),
    gather: (x) => gather(x, index),
    product: (x) => mul(x, reduceSum(x, { axes: [0], keepdims: true })),
  };
  for (const [name, f] of Object.entries(functions)) {
    await test.step(name, async () => {
      await checkGradients(derivative(f), [matrix], { step: 3e-3, tolerance: 5e-3 });
    });
  }
  await test.step("maximum", async () => {
    await checkGradients(derivative((x) => reduceMax(x)), [apart([2, 3])]);
  });
});
