import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { constant, input, scalar } from "../../../engine/ir/create.ts";
import * as l from "../../../engine/ir/layout.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import type { Shape } from "../../../engine/ir/types.ts";
import { counting, evaluate, evaluateOn, type Sample } from "../_run.ts";

const symbolic = input("x", "float32", ["batch", 3, "width"]);

Deno.test("layout functions move values as NumPy does", async (test) => {
  const cases: [string, (...tensors: Tensor[]) => Tensor, Sample[], number[], number[]][] = [
    ["reshape", (x) => l.reshape(x, [3, 2]), [counting([2, 3])], [3, 2], [0, 1, 2, 3, 4, 5]],
    ["transpose", (x) => l.transpose(x), [counting([2, 3])], [3, 2], [0, 3, 1, 4, 2, 5]],
    [
      "transpose of three axes",
      (x) => l.transpose(x, [2, 0, 1]),
      [counting([2, 1, 3])],
      [3, 2, 1],
      [0, 3, 1, 4, 2, 5],
    ],
    ["unsqueeze", (x) => l.unsqueeze(x, [0, -1]), [counting([2])], [1, 2, 1], [0, 1]],
    ["squeeze", (x) => l.squeeze(x, [-2]), [counting([2, 1, 2])], [2, 2], [0, 1, 2, 3]],
    ["expand", (x) => l.expand(x, [2, 2, 2]), [counting([2, 1])], [2, 2, 2], [
      ...[0, 0, 1, 1],
      ...[0, 0, 1, 1],
    ]],
    ["concat", (a, b) => l.concat([a, b], 1), [counting([2, 1]), counting([2, 2])], [2, 3], [
      ...[0, 0, 1],
      ...[1, 2, 3],
    ]],
    ["zerosLike", (x) => l.zerosLike(x), [counting([2, 2], ["a", "b"])], [2, 2], [0, 0, 0, 0]],
  ];
  for (const [name, build, samples, shape, values] of cases) {
    await test.step(name, async () => {
      const result = await evaluateOn(build, ...samples);
      assertEquals([result.shape, result.values], [shape, values]);
    });
  }
});

Deno.test("sizes known at run time", async (test) => {
  const x = counting([2, 3, 4], ["batch", 3, "width"]);
  const cases: [string, (x: Tensor) => Tensor, number[]][] = [
    ["shapeOf", l.shapeOf, [2, 3, 4]],
    ["sizeOfAxis", (x) => l.sizeOfAxis(x, -1), [4]],
    ["sizeOfAxis of a known axis", (x) => l.sizeOfAxis(x, 1), [3]],
    ["elementCount", l.elementCount, [24]],
    ["shapeVector", (x) => l.shapeVector(["width", 7, "batch"], [x]), [4, 7, 2]],
  ];
  for (const [name, build, values] of cases) {
    await test.step(name, async () => {
      assertEquals((await evaluateOn(build, x)).values, values);
    });
  }
});

Deno.test("shapes known when the graph is built need no operators", () => {
  const x = input("x", "float32", [2, 3]);
  for (const tensor of [l.shapeOf(x), l.sizeOfAxis(x, 0), l.elementCount(x)]) {
    assertEquals(tensor.node.op, "Constant");
  }
});

Deno.test("functions that change nothing give the tensor itself", () => {
  const x = input("x", "float32", [2, 3]);
  for (
    const same of [
      l.reshape(x, [2, 3]),
      l.expand(x, [2, 3]),
      l.concat([x], 0),
      l.squeeze(x, []),
    ]
  ) assertStrictEquals(same, x);
});

Deno.test("reshape() finds symbols in the tensor, in another, or computes one", async () => {
  const x = counting([2, 3, 4], ["batch", 3, "width"]);
  const shapes: [Shape, number[]][] = [
    [["batch", "width", 3], [2, 4, 3]],
    [["rest"], [24]],
    [["batch*width", 3], [8, 3]],
    [["width", "rest"], [4, 6]],
  ];
  for (const [shape, expected] of shapes) {
    const result = await evaluateOn((x) => l.reshape(x, shape), x);
    assertEquals([result.shape, result.values], [expected, x.values]);
  }
  const split = await evaluateOn((x) => {
    return l.reshape(l.reshape(x, ["all"]), ["width", "batch", 3], x);
  }, x);
  assertEquals(split.shape, [4, 2, 3]);
});

Deno.test("layout functions say what does not fit", () => {
  const x = input("x", "float32", [2, 3]);
  const row = constant([1, 2]);
  const cases: [() => unknown, string][] = [
    [() => l.transpose(row), "Cannot swap the last two axes of [2]"],
    [
      () => l.reshape(symbolic, ["a", "b"]),
      "Cannot reshape [batch, 3, width] to [a, b]: a and b are unknown",
    ],
    [
      () => l.concat([symbolic, symbolic], 0),
      "Cannot join along axis 0: name the symbol of the joined size",
    ],
    [
      () => l.expand(scalar(0), ["batch"], x),
      'Cannot compute shape [batch]: "batch" is unknown here',
    ],
  ];
  for (const [build, message] of cases) assertThrows(build, Error, message);
});

Deno.test("constants keep their values at every element type", async () => {
  const results = await evaluate([
    constant([1.5, -2]),
    constant([-1, 2 ** 40], [2], "int64"),
    constant([-5], [1], "int32"),
    constant([2 ** 32 - 1], [], "uint32"),
    constant([0, 1], [2], "bool"),
    constant(Uint8Array.of(7, 255), [2, 1], "uint8"),
  ]);
  assertEquals(results.map(({ values }) => values), [
    [1.5, -2],
    [-1, 2 ** 40],
    [-5],
    [2 ** 32 - 1],
    [0, 1],
    [7, 255],
  ]);
});
