import { assertEquals, assertLess, assertStrictEquals, assertThrows } from "@std/assert";
import { activation, ACTIVATION_NAMES } from "../../../../engine/nn/vision/activations.ts";
import { relativeError } from "../../../_golden.ts";
import { evaluateOn, sample } from "../../_run.ts";
import { checkGradients } from "../../_gradient_check.ts";

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const clip = (x: number) => Math.min(Math.max(x, 0), 6);

/** Formulas of torch.nn and timm; exact GELU is checked where its operator is. */
const formulas: Readonly<Record<string, (x: number) => number>> = {
  gelu_tanh: (x) => x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  hard_sigmoid: (x) => clip(x + 3) / 6,
  hard_swish: (x) => x * clip(x + 3) / 6,
  hardsigmoid: (x) => clip(x + 3) / 6,
  hardswish: (x) => x * clip(x + 3) / 6,
  identity: (x) => x,
  leaky_relu: (x) => x < 0 ? 0.01 * x : x,
  mish: (x) => x * Math.tanh(Math.log1p(Math.exp(x))),
  quick_gelu: (x) => x * sigmoid(1.702 * x),
  relu: (x) => Math.max(x, 0),
  relu6: clip,
  sigmoid,
  silu: (x) => x * sigmoid(x),
  swish: (x) => x * sigmoid(x),
  tanh: Math.tanh,
};

Deno.test("activation() computes timm's formulas", async () => {
  assertEquals(["gelu", ...Object.keys(formulas)], [...ACTIVATION_NAMES]);
  const x = sample([40], { between: [-8, 8] });
  for (const [name, formula] of Object.entries(formulas)) {
    const { values } = await evaluateOn(activation(name), x);
    assertLess(relativeError(values, x.values.map(formula)), 1e-6, name);
  }
});

Deno.test("activation() has the gradients of finite differences", async () => {
  for (const name of ["mish", "quick_gelu", "silu", "hard_swish", "leaky_relu"]) {
    await checkGradients(activation(name), [sample([20])], { step: 1e-3 });
  }
});

Deno.test("activation() takes names in upper and lower case", async () => {
  assertStrictEquals(activation("SiLU"), activation("silu"));
  const { values } = await evaluateOn(activation("GELU"), { values: [1], shape: [1] });
  assertLess(Math.abs(values[0] - 0.8413447), 1e-6); // the normal distribution's Φ(1)
});

Deno.test("activation() throws on a name it does not know, and names the others", () => {
  assertThrows(() => activation("prelu"), RangeError, '"tanh", received "prelu"');
  assertThrows(() => activation("toString"), RangeError, 'received "toString"');
});
