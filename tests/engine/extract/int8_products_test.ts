import { assertEquals } from "@std/assert";
import { input } from "../../../engine/ir/create.ts";
import { mul } from "../../../engine/ir/elementwise.ts";
import { emit, type OnnxGraph } from "../../../engine/onnx/emit.ts";
import { roundProducts } from "../../../engine/onnx/rounded_products.ts";
import { int8ProductsAreFaster } from "../../../engine/extract/int8_products.ts";
import { EXACT_INTEGERS } from "../../_integer_kernels.ts";

/** Zeros, which cost nothing. */
function wrong({ inputs: [{ shape }] }: OnnxGraph): OnnxGraph {
  return emit({ y: mul(input("x", "float32", shape), 0) });
}

/** A clock by which the layer takes as long as the first number says, its parts as the second. */
function clock(whole: number, parts: number): () => number {
  let [time, calls] = [0, 0];
  return () => {
    const call = calls++ % 4; // The layer begins and ends, then its parts begin and end.
    if (call === 1) time += whole;
    if (call === 3) time += parts;
    return time;
  };
}

/** The layer as it is. */
const same = (graph: OnnxGraph): OnnxGraph => graph;

Deno.test("int8ProductsAreFaster() wants a layer that is right and much faster", async () => {
  assertEquals(await int8ProductsAreFaster({ rewrite: same, now: clock(14, 10) }), true);
  assertEquals(await int8ProductsAreFaster({ rewrite: same, now: clock(12, 10) }), false);
  assertEquals(await int8ProductsAreFaster({ rewrite: wrong, now: clock(14, 10) }), false);
});

Deno.test("int8ProductsAreFaster() never recommends kernels whose sums saturate", async () => {
  assertEquals(await int8ProductsAreFaster({ now: clock(14, 10) }), EXACT_INTEGERS);
  const rounded = { rewrite: roundProducts, now: clock(14, 10) };
  assertEquals(await int8ProductsAreFaster({ ...rounded, maxError: 2e-2 }), EXACT_INTEGERS);
  assertEquals(await int8ProductsAreFaster({ ...rounded, maxError: 1e-4 }), false);
});
