import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { PartError } from "../../../engine/errors.ts";
import { gradients } from "../../../engine/autodiff/backward.ts";
import { reachable } from "../../../engine/ir/reachable.ts";
import { applyOne, input } from "../../../engine/ir/create.ts";
import { add, cast, detach, exp, mul, pow } from "../../../engine/ir/elementwise.ts";
import { greater, where } from "../../../engine/ir/logic.ts";
import { expand } from "../../../engine/ir/layout.ts";
import { gemm, layerNormalization, reduceSum } from "../../../engine/ir/matrix.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { inPart } from "../../../engine/ir/part.ts";
import { emit } from "../../../engine/onnx/emit.ts";
import { evaluate, feedsOf, indices, inputsOf, type Sample, sample } from "../_run.ts";

/** Operators that the graph of some tensors emits, counted. */
function operators(outputs: readonly Tensor[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { op } of emit(Object.fromEntries(outputs.map((y, i) => [`y${i}`, y]))).nodes) {
    counts[op] = (counts[op] ?? 0) + 1;
  }
  return counts;
}

async function gradientsOn(
  loss: (...tensors: Tensor[]) => Tensor,
  ...samples: readonly Sample[]
): Promise<(readonly number[])[]> {
  const inputs = inputsOf(samples);
  const results = await evaluate(gradients(loss(...inputs), inputs), feedsOf(samples));
  return results.map(({ values }) => values);
}

Deno.test("gradients() computes nothing for data", () => {
  const [x, w] = inputsOf([sample([4, 3]), sample([2, 3])]);
  const loss = reduceSum(exp(gemm(x, w, { transB: true })));
  assertEquals(operators([loss]), { Gemm: 1, Exp: 1, ReduceSum: 1 });
  // The sum is not needed for its own gradient; one product for the weight, none for the data.
  assertEquals(operators(gradients(loss, [w])), { Gemm: 2, Exp: 1, Expand: 1, Mul: 1 });
  assertEquals(operators(gradients(loss, [w, x])), { Gemm: 3, Exp: 1, Expand: 1, Mul: 1 });
});

Deno.test("gradients() stops below the lowest trainable layer", () => {
  const shapes = [[4, 3], [3, 3], [3, 3], [3, 3]];
  const [x, first, second, third] = inputsOf(shapes.map((shape) => sample(shape)));
  const loss = reduceSum(gemm(exp(gemm(exp(gemm(x, first)), second)), third));
  // Three products forward, of which the last is not needed, and the products for the weights.
  assertEquals(operators(gradients(loss, [third])).Gemm, 2 + 1);
  assertEquals(operators(gradients(loss, [second])).Gemm, 2 + 2);
  assertEquals(operators(gradients(loss, [first, second, third])).Gemm, 2 + 5);
});

Deno.test("gradients() leaves out what a frozen normalisation would need", () => {
  const [x, weight, bias] = inputsOf([sample([4, 3]), sample([3]), sample([3])]);
  const loss = reduceSum(exp(layerNormalization(x, weight, bias, 1e-5)));
  assertEquals(operators(gradients(loss, [bias])).ReduceMean, undefined);
  assertEquals(operators(gradients(loss, [x])).ReduceMean, 2);
});

Deno.test("gradients() does not pass detach()", async () => {
  const x = sample([3]);
  const [dx] = await gradientsOn((x) => reduceSum(mul(x, detach(mul(x, 2)))), x);
  assertEquals(dx, x.values.map((value) => value * 2));
  const [zero] = await gradientsOn((x) => reduceSum(detach(exp(x))), x);
  assertEquals(zero, [0, 0, 0]);
});

Deno.test("gradients() reaches a detached tensor itself", () => {
  const [x] = inputsOf([sample([3])]);
  const frozen = detach(exp(x));
  const [gradient] = gradients(reduceSum(mul(frozen, frozen)), [frozen]);
  assertEquals(operators([gradient]).Add, 1);
});

Deno.test("gradients() asks no rule about operands that are detached or not real numbers", () => {
  const [x] = inputsOf([sample([3])]);
  // The rule of Pow refuses a gradient of the exponent.
  const y = pow(x, detach(exp(x)));
  const z = where(greater(x, 0), y, cast(cast(x, "int64"), "float32"));
  assertEquals(gradients(reduceSum(z), [x])[0].shape, [3]);
});

Deno.test("gradients() are zeros for a tensor that the loss does not depend on", async () => {
  const samples = [sample([2]), sample([2, 2])];
  const [, unrelated] = await gradientsOn((x) => reduceSum(x), ...samples);
  assertEquals(unrelated, [0, 0, 0, 0]);
});

Deno.test("gradients() are zeros of the run-time size", async () => {
  const samples = [sample([2]), sample([3, 2], { declared: ["batch", 2] })];
  const inputs = inputsOf(samples);
  const [, zeros] = gradients(reduceSum(inputs[0]), inputs);
  const [{ shape, values }] = await evaluate([zeros], feedsOf(samples));
  assertEquals(shape, [3, 2]);
  assertEquals(values, Array(6).fill(0));
});

Deno.test("gradients() sum over every use of a tensor", async () => {
  const sum = (x: Tensor) => {
    let y = mul(x, x);
    for (let i = 0; i < 10; i++) y = add(y, mul(x, i));
    return reduceSum(add(y, add(x, x)));
  };
  const x = { values: [1, -2], shape: [2] };
  assertEquals(await gradientsOn(sum, x), [[2 + 45 + 2, -4 + 45 + 2]]);
});

Deno.test("gradients() of intermediate tensors are those at that place", async () => {
  const [x] = inputsOf([sample([2])]);
  const square = mul(x, x);
  const [atSquare, atInput] = gradients(reduceSum(mul(square, 3)), [square, x]);
  const feeds = feedsOf([{ values: [2, 5], shape: [2] }]);
  const results = await evaluate([atSquare, atInput], feeds);
  assertEquals(results.map(({ values }) => values), [[3, 3], [12, 30]]);
});

Deno.test("gradients() of intermediate tensors ask no rule about what is below", () => {
  const [x, i, u] = inputsOf([sample([3]), indices([0]), sample([1])]);
  // The rule of ScatterElements refuses this reduction.
  const y = applyOne("ScatterElements", [x, i, u], { axis: 0, reduction: "max" });
  const [gradient] = gradients(reduceSum(mul(y, y)), [y]);
  assertEquals(gradient.shape, [3]);
});

Deno.test("gradients() with respect to the loss is 1", async () => {
  const [x] = inputsOf([sample([])]);
  const loss = exp(x);
  const [result] = await evaluate(gradients(loss, [loss]));
  assertEquals(result.values, [1]);
});

Deno.test("gradients() throws if the loss is not a scalar", () => {
  const x = input("x", "float32", ["batch", 3]);
  const message = "Cannot differentiate a tensor of shape [batch, 3]";
  assertThrows(() => gradients(x, [x]), TypeError, message);
});

Deno.test("gradients() flow through bfloat16", () => {
  const x = input("x", "float32", [3]);
  const half = cast(x, "bfloat16");
  const [dx, dHalf] = gradients(reduceSum(cast(mul(half, half), "float32")), [x, half]);
  assertEquals([dx.dtype, dHalf.dtype], ["float32", "bfloat16"]);
  assert(operators([dx]).Mul > 0);
});

Deno.test("gradients() of a graph 5,000 operators deep do not overflow the stack", async () => {
  const deep = (x: Tensor) => {
    let y = x;
    for (let i = 0; i < 2500; i++) y = add(mul(y, 0.5), x);
    return reduceSum(y);
  };
  const [x] = inputsOf([sample([2])]);
  assert(reachable([deep(x)]).length > 5000);
  // y = x Σ 2⁻ⁱ
  assertEquals(await gradientsOn(deep, sample([2])), [[2, 2]]);
});

Deno.test("reachable() lists operands before users, each once", () => {
  const [x] = inputsOf([sample([3])]);
  const y = mul(x, x);
  const z = add(y, expand(reduceSum(y), [3]));
  const nodes = reachable([z, y]);
  assertEquals(new Set(nodes).size, nodes.length);
  assertStrictEquals(nodes[0], x.node);
  for (const [index, node] of nodes.entries()) {
    for (const operand of node.inputs) assert(nodes.indexOf(operand!.node) < index);
  }
});

Deno.test("gradients() are of the part that their operators are of", () => {
  const x = input("x", "float32", [3]);
  const [dx] = gradients(reduceSum(inPart("head", () => exp(x))), [x]);
  assertEquals(dx.node.part, "head");
  const power = inPart("head", () => pow(2, x));
  assertThrows(
    () => gradients(reduceSum(power), [x]),
    PartError,
    "Cannot use head: it is broken: Cannot differentiate Pow: the exponent is not constant",
  );
});
