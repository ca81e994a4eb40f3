import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { input } from "../../../engine/ir/create.ts";
import * as indexing from "../../../engine/ir/indexing.ts";
import { sizeOfAxis } from "../../../engine/ir/layout.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { counting, evaluateOn, indices, type Sample } from "../_run.ts";

Deno.test("indexing functions select values as NumPy does", async (test) => {
  const cases: [string, (...tensors: Tensor[]) => Tensor, Sample[], number[], number[]][] = [
    ["slice", (x) => indexing.slice(x, -1, 1, 3), [counting([2, 4])], [2, 2], [1, 2, 5, 6]],
    ["gather", (x, i) => indexing.gather(x, i), [counting([3, 2]), indices([2, 0, -1])], [3, 2], [
      ...[4, 5],
      ...[0, 1],
      ...[4, 5],
    ]],
    [
      "gather of one",
      (x, i) => indexing.gather(x, i, 1),
      [counting([2, 3]), indices([1], [])],
      [2],
      [1, 4],
    ],
    [
      "gatherElements",
      (x, i) => indexing.gatherElements(x, i, 1),
      [counting([2, 3]), indices([2, 0], [2, 1])],
      [2, 1],
      [2, 3],
    ],
    [
      "scatterAdd",
      (x, i, u) => indexing.scatterAdd(x, i, u, 0),
      [counting([3]), indices([1, 1]), counting([2])],
      [3],
      [0, 2, 2],
    ],
    ["oneHot", (i) => indexing.oneHot(i, 3), [indices([2, 0])], [2, 3], [0, 0, 1, 1, 0, 0]],
    ["cumSum", (x) => indexing.cumSum(x, -1), [counting([2, 3])], [2, 3], [0, 1, 3, 3, 7, 12]],
    ["cumSum, exclusive", (x) => indexing.cumSum(x, 0, true), [counting([3])], [3], [0, 0, 1]],
    ["topK", (x) => indexing.topK(x, 2).values, [counting([2, 3])], [2, 2], [2, 1, 5, 4]],
    [
      "topK's indices",
      (x) => indexing.topK(x, 2, { largest: false }).indices,
      [counting([1, 3])],
      [1, 2],
      [
        0,
        1,
      ],
    ],
  ];
  for (const [name, build, samples, shape, values] of cases) {
    await test.step(name, async () => {
      const result = await evaluateOn(build, ...samples);
      assertEquals([result.shape, result.values], [shape, values]);
    });
  }
});

Deno.test("range() counts up to a size known at run time", async () => {
  const x = counting([2, 3, 4], ["batch", 3, "width"]);
  const counted = (axis: number, dtype: "int64" | "float32") =>
    evaluateOn((x) => indexing.range(sizeOfAxis(x, axis), x.shape[axis], dtype), x);
  assertEquals((await counted(2, "int64")).values, [0, 1, 2, 3]);
  assertEquals((await counted(0, "float32")).values, [0, 1]);
});

Deno.test("slice() of all entries gives the tensor itself", () => {
  const x = input("x", "float32", [2, 3]);
  assertStrictEquals(indexing.slice(x, 0, 0, 2), x);
});

Deno.test("topK() takes a number known at run time", async () => {
  const { values, shape } = await evaluateOn(
    (x, k) => indexing.topK(x, { count: k, symbol: "k" }).values,
    counting([5]),
    indices([3], []),
  );
  assertEquals([shape, values], [[3], [4, 3, 2]]);
});

Deno.test("slice() says what does not fit", () => {
  const x = input("x", "float32", [2, 3]);
  const symbolic = input("y", "float32", ["batch", 3, "width"]);
  const cases: [() => unknown, string][] = [
    [() => indexing.slice(x, 0, 1, 3), "Cannot slice axis 0 of [2, 3] from 1 to 3"],
    [() => indexing.slice(x, 0, -1, 1), "Cannot slice axis 0 of [2, 3] from -1 to 1"],
    [
      () => indexing.slice(symbolic, 0, 2, 1),
      "Cannot slice axis 0 of [batch, 3, width] from 2 to 1",
    ],
    [() => indexing.slice(x, 2, 0, 1), "Cannot use axis 2: the tensor has 2 dimensions"],
  ];
  for (const [build, message] of cases) assertThrows(build, Error, message);
});
