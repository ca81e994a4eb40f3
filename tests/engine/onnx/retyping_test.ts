import { assertEquals } from "@std/assert";
import { input } from "../../../engine/ir/create.ts";
import { add, exp, mul, neg } from "../../../engine/ir/elementwise.ts";
import { emit, type OnnxGraph } from "../../../engine/onnx/emit.ts";
import { halfConstant } from "../../../engine/onnx/half_weights.ts";
import { Retyping } from "../../../engine/onnx/retyping.ts";

const [x, z] = ["x", "z"].map((name) => input(name, "float32", [2]));

/** Converts products, and one input. */
function halved(graph: OnnxGraph, given?: string): OnnxGraph {
  const retyping = new Retyping(graph, {
    ...{ from: "float32", to: "float16", constant: halfConstant },
    input: (name) => name === given,
  });
  for (const node of graph.nodes) {
    if (node.op === "Mul") retyping.convert(node);
    else retyping.keep(node);
  }
  return retyping.finish();
}

const steps = ({ nodes }: OnnxGraph) =>
  nodes.map(({ op, inputs, outputs }) => `${outputs[0]} = ${op} ${inputs.join(" ")}`);

Deno.test("Retyping casts each value once, where the types meet", () => {
  const product = mul(x, z);
  const graph = halved(emit({ a: exp(product), b: neg(product), c: mul(product, x) }));
  assertEquals(steps(graph), [
    "x.float16 = Cast x",
    "z.float16 = Cast z",
    "Mul_0_0.float16 = Mul x.float16 z.float16",
    "Mul_0_0 = Cast Mul_0_0.float16",
    "a = Exp Mul_0_0",
    "b = Neg Mul_0_0",
    "c.float16 = Mul Mul_0_0.float16 x.float16",
    "c = Cast c.float16",
  ]);
  assertEquals(graph.outputs.map(({ dtype }) => dtype), ["float32", "float32", "float32"]);
});

Deno.test("Retyping takes inputs of the other type, and writes constants in it", () => {
  const graph = halved(emit({ a: mul(x, 2), b: add(x, 2) }), "x");
  assertEquals(graph.inputs.map(({ name, dtype }) => [name, dtype]), [["x", "float16"]]);
  assertEquals(graph.initializers.map(({ name, dtype }) => [name, dtype]), [
    ["constant_0", "float32"],
    ["constant_0.float16", "float16"],
  ]);
  assertEquals(steps(graph), [
    "a.float16 = Mul x constant_0.float16",
    "x.float32 = Cast x",
    "b = Add x.float32 constant_0",
    "a = Cast a.float16",
  ]);
});
