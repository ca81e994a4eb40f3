import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { PartError } from "../../../engine/errors.ts";
import { apply, constant, input, scalar } from "../../../engine/ir/create.ts";
import { add, div, exp, mul } from "../../../engine/ir/elementwise.ts";
import { slice, topK } from "../../../engine/ir/indexing.ts";
import { reduceSum } from "../../../engine/ir/matrix.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { inPart } from "../../../engine/ir/part.ts";
import { emit } from "../../../engine/onnx/emit.ts";
import { evaluate, feedsOf, inputsOf, sample } from "../_run.ts";
import { Session } from "../../../engine/runtime/session.ts";

const x = input("x", "float32", ["batch", 3]);
const operators = (graph: ReturnType<typeof emit>) => graph.nodes.map(({ op }) => op);

Deno.test("emit() computes equal subexpressions once", () => {
  const twice = add(exp(mul(x, 2)), exp(mul(x, 2)));
  assertEquals(operators(emit({ y: twice })), ["Mul", "Exp", "Add"]);
});

Deno.test("emit() merges equal constants and keeps different ones apart", () => {
  const merged = emit({ y: add(mul(x, 2), div(x, 2)) });
  assertEquals(merged.initializers.map(({ values }) => [...values]), [[2]]);
  const apart = emit({ y: add(mul(x, 2), mul(x, 3)), n: scalar(2, "int64"), v: constant([2]) });
  assertEquals(apart.initializers.length, 4);
});

Deno.test("emit() keeps 0 and -0 apart", async () => {
  const one = scalar(1);
  const [plus, minus] = await evaluate([div(one, scalar(0)), div(one, scalar(-0))]);
  assertEquals([plus.values, minus.values], [[Infinity], [-Infinity]]);
});

Deno.test("emit() keeps apart what differs in attributes only", () => {
  const graph = emit({
    a: reduceSum(x, { axes: [1] }),
    b: reduceSum(x, { axes: [1], keepdims: true }),
    c: reduceSum(x, { axes: [0] }),
  });
  assertEquals(operators(graph), ["ReduceSum", "ReduceSum", "ReduceSum"]);
  assertNotEquals(graph.nodes[0].inputs, graph.nodes[2].inputs);
});

Deno.test("emit() lets operators write the outputs under their names", () => {
  const y = exp(x);
  const graph = emit({ last: mul(y, y), first: y });
  assertEquals(graph.nodes, [
    { op: "Exp", inputs: ["x"], outputs: ["first"], attributes: {} },
    { op: "Mul", inputs: ["first", "first"], outputs: ["last"], attributes: {} },
  ]);
  assertEquals(graph.outputs.map(({ name }) => name), ["last", "first"]);
});

Deno.test("emit() names every output of an operator that has several", () => {
  const { values, indices } = topK(x, 2);
  const graph = emit({ which: indices, best: values });
  assertEquals(graph.nodes.map(({ outputs }) => outputs), [["best", "which"]]);
  assertEquals(graph.outputs.map(({ dtype }) => dtype), ["int64", "float32"]);
});

Deno.test("emit() leaves out optional outputs that nothing reads", () => {
  const maps = input("maps", "float32", ["batch", 1, 4, 4]);
  const attributes = {
    kernel_shape: [2, 2],
    strides: [2, 2],
    pads: [0, 0, 0, 0],
    ceil_mode: false,
  };
  const [maxima, where] = apply("MaxPool", [maps], attributes);
  const outputsOf = (outputs: Record<string, Tensor>) =>
    emit(outputs).nodes.map(({ outputs }) => outputs);
  assertEquals(outputsOf({ maxima }), [["maxima"]]);
  assertEquals(outputsOf({ maxima, where }), [["maxima", "where"]]);
  assertEquals(outputsOf({ where }), [["MaxPool_0_0", "where"]]);
});

Deno.test("emit() takes inputs and constants as outputs", async () => {
  const at = sample([2]);
  const [first] = inputsOf([at]);
  const [same, five] = await evaluate([first, scalar(5)], feedsOf([at]));
  assertEquals(same.values, at.values);
  assertEquals(five.values, [5]);
});

Deno.test("emit() gives one tensor under two names", async () => {
  const at = sample([2]);
  const [first] = inputsOf([at]);
  const session = await Session.create({ a: mul(first, 2), b: mul(first, 2) }, { threads: 1 });
  const { a, b } = await session.run(feedsOf([at]));
  await session.release();
  assertEquals([...a.data], at.values.map((value) => value * 2));
  assertEquals([...b.data], [...a.data]);
});

Deno.test("emit() declares inputs in the order of their creation, with symbols", () => {
  const first = input("first", "float32", ["batch", 3]);
  const second = input("second", "uint32", []);
  const graph = emit({ z: second, y: first });
  assertEquals(graph.inputs, [
    { name: "first", dtype: "float32", shape: ["batch", 3] },
    { name: "second", dtype: "uint32", shape: [] },
  ]);
  assertEquals(graph.outputs[1], { name: "y", dtype: "float32", shape: ["batch", 3] });
});

Deno.test("emit() leaves out what no output needs", () => {
  exp(x);
  input("unused", "float32", [1]);
  const graph = emit({ y: slice(x, 1, 0, 2) });
  assertEquals(graph.inputs.map(({ name }) => name), ["x"]);
  assertEquals(operators(graph), ["Slice"]);
});

Deno.test("emit() throws if two inputs share a name", () => {
  const other = input("x", "float32", ["batch", 3]);
  const message = 'Cannot emit the graph: two inputs are named "x"';
  assertThrows(() => emit({ y: add(x, other) }), TypeError, message);
});

Deno.test("emit() throws if an output has the name of an input", () => {
  const message = 'Cannot emit the graph: an input and an output are named "x"';
  assertThrows(() => emit({ x: exp(x) }), TypeError, message);
  assertThrows(() => emit({ x }), TypeError, message);
});

Deno.test("emit() keeps which part nodes and inputs are of", () => {
  const [inner, again] = inPart("head", () => [
    mul(exp(x), input("mask", "float32", ["batch", 3])),
    input("x", "float32", ["batch", 3]),
  ]);
  const { nodes, inputs } = emit({ y: add(inner, 1) });
  assertEquals(nodes.map(({ op, part }) => [op, part]), [
    ["Exp", "head"],
    ["Mul", "head"],
    ["Add", undefined],
  ]);
  assertEquals(inputs.map(({ name, part }) => [name, part]), [["x", undefined], ["mask", "head"]]);
  const message = 'Cannot use head: it is broken: Cannot emit the graph: two inputs are named "x"';
  assertThrows(() => emit({ y: add(x, again) }), PartError, message);
});
