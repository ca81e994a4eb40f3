import { assert, assertEquals } from "@std/assert";
import { fromBinary } from "@bufbuild/protobuf";
import { type GraphProto, ModelProtoSchema, type ValueInfoProto } from "onnx-buf";
import { constant, input } from "../../../engine/ir/create.ts";
import { cast, gelu } from "../../../engine/ir/elementwise.ts";
import { shiftRight } from "../../../engine/ir/logic.ts";
import { transpose } from "../../../engine/ir/layout.ts";
import { linear } from "../../../engine/nn/scope.ts";
import { bakeInputs } from "../../../engine/onnx/bake.ts";
import { Session } from "../../../engine/runtime/session.ts";
import { gemm } from "../../../engine/ir/matrix.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import type { DType } from "../../../engine/ir/types.ts";
import { elementTypes, emit } from "../../../engine/onnx/emit.ts";
import { encode, encodeWithConstantsApart, OPSET } from "../../../engine/onnx/encode.ts";

function decode(outputs: Record<string, Tensor>) {
  const model = fromBinary(ModelProtoSchema, encode(emit(outputs)));
  return { model, graph: model.graph as GraphProto };
}

function dims({ type }: ValueInfoProto): unknown[] {
  assert(type?.value.case === "tensorType");
  return type.value.value.shape!.dim.map(({ value }) => value.value);
}

Deno.test("encode() writes the operator set and one node per operator", () => {
  const x = input("x", "float32", ["batch", 4]);
  const { model, graph } = decode({ y: gelu(x, "tanh") });
  assertEquals(model.opsetImport.map(({ domain, version }) => [domain, version]), [
    ["", BigInt(OPSET)],
  ]);
  assertEquals(graph.node.map(({ opType, input, output }) => [opType, input, output]), [
    ["Gelu", ["x"], ["y"]],
  ]);
});

Deno.test("encode() keeps symbols and sizes of inputs and outputs", () => {
  const x = input("x", "float32", ["batch", 4]);
  const w = input("w", "float32", [2, 4]);
  const { graph } = decode({ y: gemm(x, w, { transB: true }) });
  assertEquals(graph.input.map(({ name }) => name), ["x", "w"]);
  assertEquals(graph.input.map(dims), [["batch", 4n], [2n, 4n]]);
  assertEquals(graph.output.map(dims), [["batch", 2n]]);
});

Deno.test("encode() writes attributes of every kind", () => {
  const x = input("x", "float32", [2, 4]);
  const bits = input("bits", "uint32", [3]);
  const { graph } = decode({
    a: gemm(x, transpose(x), { alpha: 0.5 }),
    b: shiftRight(bits, 8),
  });
  const attributes = Object.fromEntries(
    graph.node.flatMap(({ attribute }) => attribute.map((each) => [each.name, each])),
  );
  assertEquals(attributes.alpha.f, 0.5);
  assertEquals(attributes.transA.i, 0n);
  assertEquals(attributes.perm.ints, [1n, 0n]);
  assertEquals(new TextDecoder().decode(attributes.direction.s), "RIGHT");
});

Deno.test("encode() writes the bytes of constants", () => {
  const values = new Float32Array([9, 1.5, -2, 9]).subarray(1, 3);
  const { graph } = decode({ a: constant(values), b: constant([-1, 2 ** 40], [2, 1], "int64") });
  const [floats, integers] = graph.initializer;
  assertEquals([floats.dims, integers.dims], [[2n], [2n, 1n]]);
  assertEquals(floats.rawData, new Uint8Array(new Float32Array([1.5, -2]).buffer));
  assertEquals(integers.rawData, new Uint8Array(new BigInt64Array([-1n, 2n ** 40n]).buffer));
});

Deno.test("encode() writes the element types of ONNX", () => {
  for (const [dtype, number] of Object.entries(elementTypes)) {
    const x = input("x", "float32", [1]);
    const { graph } = decode({ y: cast(x, dtype as DType) });
    const { type } = graph.output[0];
    assert(type?.value.case === "tensorType");
    assertEquals(type.value.value.elemType, number);
    if (dtype !== "float32") assertEquals(graph.node[0].attribute[0].i, BigInt(number));
  }
});

Deno.test("encodeWithConstantsApart() leaves large constants where they are", async () => {
  const values = new Float32Array(new SharedArrayBuffer(4 * 300));
  for (let i = 0; i < 300; i++) values[i] = i;
  const small = Float32Array.of(1, 2, 3);
  const graph = emit({
    y: linear(
      input("x", "float32", ["batch", 100]),
      input("w", "float32", [3, 100]),
      input("b", "float32", [3]),
    ),
  });
  const model = encodeWithConstantsApart(bakeInputs(
    graph,
    new Map([["w", { shape: [3, 100], values }], ["b", { shape: [3], values: small }]]),
  ));
  const [[place, bytes]] = Object.entries(model.constants);
  assertEquals(Object.keys(model.constants).length, 1);
  assertEquals(bytes.buffer, values.buffer);
  const { initializer } = fromBinary(ModelProtoSchema, model.bytes).graph!;
  assertEquals(
    initializer.map((
      { name, externalData, rawData },
    ) => [name, externalData.length, rawData.length]),
    [["w", 3, 0], ["b", 0, 12]],
  );
  assertEquals(initializer[0].externalData[0].value, place);
  const session = await Session.load(model);
  const x = { dtype: "float32", shape: [1, 100], data: new Float32Array(100).fill(1) } as const;
  const { y } = await session.run({ x });
  assertEquals(y.data, Float32Array.of(4950 + 1, 14950 + 2, 24950 + 3));
  await session.release();
});
