import { assert, assertEquals } from "@std/assert";
import { input } from "../../../engine/ir/create.ts";
import { add, mul } from "../../../engine/ir/elementwise.ts";
import { linear } from "../../../engine/nn/scope.ts";
import { bakeInputs } from "../../../engine/onnx/bake.ts";
import { emit, type OnnxGraph } from "../../../engine/onnx/emit.ts";
import { int8ProductsAreFaster } from "../../../engine/extract/int8_products.ts";
import { EXACT_INTEGERS } from "../../_integer_kernels.ts";

/** Zeros, which cost nothing. */
function wrong({ inputs: [{ shape }] }: OnnxGraph): OnnxGraph {
  return emit({ y: mul(input("x", "float32", shape), 0) });
}

/** The layer, and as much work again for nothing. */
function slow({ inputs: [{ shape }], initializers: [weight] }: OnnxGraph): OnnxGraph {
  const [x, w] = [input("x", "float32", shape), input(weight.name, "float32", weight.shape)];
  const y = add(linear(x, w), mul(linear(add(x, 1), w), 0));
  return bakeInputs(emit({ y }), new Map([[weight.name, weight]]));
}

Deno.test("splitProductsPay() wants a layer that is right and faster", async () => {
  assertEquals(await int8ProductsAreFaster(wrong), false);
  assertEquals(await int8ProductsAreFaster(slow), false);
});

Deno.test("splitProductsPay() never recommends kernels whose sums saturate", async () => {
  const pays = await int8ProductsAreFaster();
  assert(!pays || EXACT_INTEGERS);
});
