import { assertEquals } from "@std/assert";
import { relu } from "../../../engine/ir/activations.ts";
import { input } from "../../../engine/ir/create.ts";
import { add, div, mul, sub } from "../../../engine/ir/elementwise.ts";
import { matMul, reduceMean, softmax } from "../../../engine/ir/matrix.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { transpose } from "../../../engine/ir/layout.ts";
import { isAffine } from "../../../engine/nn/affine.ts";
import { linear } from "../../../engine/nn/scope.ts";

Deno.test("isAffine() knows affine maps by their operators", () => {
  const x = input("x", "float32", ["batch", 5, 3]);
  const w = input("w", "float32", [3, 3]);
  const b = input("b", "float32", [3]);
  const affine: readonly Tensor[] = [
    x,
    linear(x, w, b),
    add(linear(x, w, b), mul(linear(linear(mul(x, b), w), w), 2)),
    div(sub(mul(matMul(x, w), b), reduceMean(x, { axes: [1], keepdims: true })), b),
    linear(relu(b), w),
    linear(x, relu(softmax(w))),
  ];
  assertEquals(affine.map((y) => isAffine(y, x)), affine.map(() => true));
  const others: readonly Tensor[] = [
    relu(x),
    mul(x, x),
    matMul(x, transpose(x, [0, 2, 1])),
    div(b, x),
    softmax(linear(x, w)),
    add(x, mul(linear(x, w), x)),
  ];
  assertEquals(others.map((y) => isAffine(y, x)), others.map(() => false));
});
