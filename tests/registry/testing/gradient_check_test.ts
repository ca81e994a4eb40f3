import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { applyOne, input } from "../../../engine/ir/create.ts";
import { add, exp, mul, relu, sin, tanh } from "../../../engine/ir/elementwise.ts";
import { matMul, reduceSum } from "../../../engine/ir/matrix.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { checkGradients, Slopes } from "../../../registry/testing/gradient_check.ts";
import { normals } from "../../../registry/testing/sample_graph.ts";

const x = input("x", "float32", [2, 3]);
const w = input("w", "float32", [3, 40]);
const value = (shape: readonly number[], seed: number) => ({
  dtype: "float32" as const,
  shape,
  data: normals(shape.reduce((a, b) => a * b, 1), seed),
});
const feeds = { x: value([2, 3], 1), w: value([3, 40], 2) };

const check = async (...outputs: readonly Tensor[]) =>
  await checkGradients({ outputs, wrt: [x, w], feeds });

Deno.test("Slopes measures what a function gains along an input", async () => {
  const y = reduceSum(mul(x, x));
  await using slopes = await Slopes.create({ outputs: [y], wrt: [x], feeds });
  const [{ data }] = slopes.gradients;
  const weight = (data as Float32Array)[4] / (2 * feeds.x.data[4]);
  const direction = Float32Array.of(0, 0, 0, 0, 1, 0);
  const { gradient, measured, noise } = await slopes.along(0, direction, 1e-2);
  const expected = 2 * feeds.x.data[4] * weight;
  assertAlmostEquals(gradient, expected, 1e-5 * Math.abs(expected));
  assertAlmostEquals(measured, expected, noise + 1e-5);
  assert(noise < 1e-2);
  assertEquals(slopes.values.map(({ shape }) => shape), [[]]);
});

Deno.test("checkGradients() passes right gradients, curved and steep ones too", async () => {
  const [dx, dw] = await check(tanh(matMul(x, w)));
  assertEquals([dx.shape, dw.shape], [[2, 3], [3, 40]]);
  await check(sin(mul(matMul(x, w), 5)), exp(x));
  await check(relu(matMul(x, w)));
});

Deno.test("checkGradients() passes gradients that are zero", async () => {
  const found = await check(mul(matMul(x, w), 0));
  assert(found.every(({ data }) => data.every((entry) => Number(entry) === 0)));
});

Deno.test("checkGradients() finds gradients that are wrong, if only in part", async () => {
  const detached = (tensor: Tensor) => applyOne("Identity", [tensor], { detached: true });
  const product = tanh(matMul(x, w));
  await assertRejects(
    () => check(detached(product)),
    Error,
    'the gradient of "x" [2, 3] says 0.000',
  );
  const halved = add(product, mul(detached(product), 0.05));
  await assertRejects(() => check(halved), Error, 'the gradient of "x" [2, 3] says');
  const oneSided = matMul(x, detached(w));
  await assertRejects(() => check(oneSided), Error, 'the gradient of "w" [3, 40] says 0.000');
  await check(add(product, mul(detached(product), 0)));
});

Deno.test("checkGradients() has a tolerance", async () => {
  const detached = applyOne("Identity", [x], { detached: true });
  const point = { outputs: [add(x, mul(detached, 0.02))], wrt: [x], feeds };
  await assertRejects(() => checkGradients(point), Error, "the gradient of");
  await checkGradients(point, { tolerance: 0.05 });
});

Deno.test("checkGradients() differentiates by graph inputs only", async () => {
  const wrt = [mul(x, 2)];
  await assertRejects(
    () => checkGradients({ outputs: [x], wrt, feeds }),
    TypeError,
    "Cannot move the result of Mul: it is not a graph input",
  );
});
