import { assertEquals } from "@std/assert";
import { input, int64s } from "../../../engine/ir/create.ts";
import { cast } from "../../../engine/ir/elementwise.ts";
import { oneHot } from "../../../engine/ir/indexing.ts";
import { sizeOfAxis } from "../../../engine/ir/layout.ts";
import { equal, not } from "../../../engine/ir/logic.ts";
import { argMax } from "../../../engine/ir/matrix.ts";
import type { AnyNode, Tensor } from "../../../engine/ir/node.ts";
import { reachable } from "../../../engine/ir/reachable.ts";
import { emit } from "../../../engine/onnx/emit.ts";
import { valueTypes } from "../../../engine/onnx/value_types.ts";
import { cases } from "../autodiff/_cases.ts";
import { inputsOf } from "../_run.ts";

/** All that a node gives. */
function outputsOf(node: AnyNode): Tensor[] {
  return node.types.map((type, output) => ({ ...type, node, output }));
}

/** Asserts the type of every value that goes into some tensors. */
function assertTypes(tensors: readonly Tensor[]): void {
  const nodes = reachable(tensors).filter(({ op }) => op !== "Input");
  const all = nodes.flatMap(outputsOf).map((tensor, i) => [`value${i}`, tensor] as const);
  const graph = emit(Object.fromEntries(all));
  const types = valueTypes(graph);
  for (const { name, dtype } of graph.outputs) assertEquals(types.get(name), dtype);
}

Deno.test("valueTypes() knows what operators give", () => {
  for (const examples of Object.values(cases)) {
    if (examples === "no gradient") continue;
    for (const { of, at } of examples) assertTypes([of(...inputsOf(at))]);
  }
});

Deno.test("valueTypes() tells truths, places and casts from numbers", () => {
  const x = input("x", "float32", ["rows", 3]);
  const best = argMax(x, 1);
  assertTypes([
    not(equal(x, 1)),
    cast(sizeOfAxis(x, 0), "int32"),
    oneHot(best, 3),
    int64s([4]),
  ]);
});
