import { assertEquals, assertThrows } from "@std/assert";
import { apply, applyOne, constant, input, int64s } from "../../../engine/ir/create.ts";
import type { DType, Shape } from "../../../engine/ir/types.ts";
import type { OpAttributes, OpName } from "../../../engine/ir/ops.ts";

/** Type of an operand, where `undefined` leaves it out. */
type Operand = readonly [DType, ...Shape] | undefined;

interface Refusal<K extends OpName> {
  readonly op: K;
  readonly operands: readonly Operand[];
  readonly attributes: OpAttributes[K];
  readonly message: string;
}

/** Keeps operator and attributes in step. */
function refusal<K extends OpName>(
  op: K,
  operands: readonly Operand[],
  attributes: OpAttributes[K],
  message: string,
): Refusal<K> {
  return { op, operands, attributes, message: `Cannot apply ${op}: ${message}` };
}

const f = (...shape: Shape): Operand => ["float32", ...shape];
const i = (...shape: Shape): Operand => ["int64", ...shape];
const none = {};
const plain = { alpha: 1, beta: 1, transA: false, transB: false };

const refusals = [
  refusal("Add", [f(2)], none, "operand 1 is missing"),
  refusal("Exp", [undefined], none, "operand 0 is missing"),
  refusal("Add", [f(2), i(2)], none, "expected float32, received int64"),
  refusal("Mul", [f(2, 3), f(2)], none, "shapes [2, 3] and [2] do not broadcast"),
  refusal("Sub", [f("batch", 3), f(5, 3)], none, "shapes [batch, 3] and [5, 3] do not broadcast"),
  refusal("Less", [f("a"), f("b")], none, "shapes [a] and [b] do not broadcast"),
  refusal("And", [f(2), f(2)], none, "expected bool, received float32"),
  refusal("Or", [["bool", 2], f(2)], none, "expected bool, received float32"),
  refusal("Not", [f(2)], none, "expected bool, received float32"),
  refusal("Where", [f(2), f(2), f(2)], none, "expected bool, received float32"),
  refusal("Where", [["bool", 3], f(2), f(2)], none, "shapes [3] and [2] do not broadcast"),
  refusal("MatMul", [f(2, 3), f(2, 3)], none, "shapes [2, 3] and [2, 3] do not chain"),
  refusal("MatMul", [f(3), f(3, 2)], none, "shapes [3] and [3, 2] do not chain"),
  refusal("MatMul", [f(2, 2, 3), f(5, 3, 2)], none, "shapes [2] and [5] do not broadcast"),
  refusal("Gemm", [f(2, 2, 3), f(3, 2)], plain, "expected matrices, received [2, 2, 3] and [3, 2]"),
  refusal("Gemm", [f(2, 3), f(2, 3)], plain, "inner dimensions 3 and 2 differ"),
  refusal(
    "Gemm",
    [f(2, 3), f(3, 2)],
    { ...plain, transB: true },
    "inner dimensions 3 and 2 differ",
  ),
  refusal("Gemm", [f(2, 3), i(3, 2)], plain, "expected float32, received int64"),
  refusal("Gemm", [f(1, 3), f(3, 2), f(4, 2)], plain, "C [4, 2] does not fit [1, 2]"),
  refusal("ReduceSum", [f(2)], { axes: [1], keepdims: false }, "axis 1 of [2]"),
  refusal("ReduceMax", [f(2)], { axes: [-1], keepdims: false }, "axis -1 of [2]"),
  refusal("ArgMax", [f(2)], { axis: 1, keepdims: false }, "axis 1 of [2]"),
  refusal("Softmax", [f(2, "n")], { axis: 2 }, "axis 2 of [2, n]"),
  refusal("CumSum", [f(2), i()], { axis: 1, exclusive: false, reverse: false }, "axis 1 of [2]"),
  refusal("TopK", [f(2), i(1)], { axis: 1, largest: true, k: 1 }, "axis 1 of [2]"),
  refusal(
    "LayerNormalization",
    [f(2, 4), f(3)],
    { epsilon: 0 },
    "weight or bias [3] does not fit [2, 4]",
  ),
  refusal("Reshape", [f(2, 3), i(1)], { shape: [5] }, "[2, 3] and [5] differ in size"),
  refusal(
    "Expand",
    [f(2, 3), i(2)],
    { shape: [2, 4] },
    "shapes [2, 3] and [2, 4] do not broadcast",
  ),
  refusal("Expand", [f(2, 3), i(2)], { shape: [2, 1] }, "[2, 3] does not fit [2, 1]"),
  refusal("Transpose", [f(2, 3)], { perm: [0, 0] }, "[0,0] does not order [2, 3]"),
  refusal("Transpose", [f(2, 3)], { perm: [0] }, "[0] does not order [2, 3]"),
  refusal(
    "Concat",
    [f(2, 3), f(2, 4)],
    { axis: 0, size: 4 },
    "shapes [2, 3] and [2, 4] differ beside axis 0",
  ),
  refusal("Concat", [f(2), i(2)], { axis: 0, size: 4 }, "expected float32, received int64"),
  refusal("Slice", [f(2)], { axis: 1, size: 1 }, "axis 1 of [2]"),
  refusal("Gather", [f(2, 3), f(2)], { axis: 0 }, "expected int64 or int32 indices, received"),
  refusal("Gather", [f(2, 3), i(2)], { axis: 2 }, "axis 2 of [2, 3]"),
  refusal(
    "GatherElements",
    [f(2, 3), i(2)],
    { axis: 0 },
    "indices [2] and data [2, 3] differ in rank",
  ),
  refusal(
    "ScatterElements",
    [f(4), i(2), f(3)],
    { axis: 0, reduction: "add" },
    "updates [3] and indices [2] differ",
  ),
];

for (const { op, operands, attributes, message } of refusals) {
  Deno.test(`${op} is refused: ${message}`, () => {
    const tensors = operands.map((operand, index) => {
      if (!operand) return undefined;
      const [dtype, ...shape] = operand;
      return input(`operand_${index}`, dtype, shape);
    });
    assertThrows(() => apply(op, tensors, attributes), Error, message);
  });
}

Deno.test("shapes of results", () => {
  const x = input("x", "float32", ["batch", 3, 4]);
  const shapes: [Shape, Shape][] = [
    [applyOne("ReduceSum", [x], { axes: [1], keepdims: false }).shape, ["batch", 4]],
    [applyOne("ReduceSum", [x], { axes: [0, 2], keepdims: true }).shape, [1, 3, 1]],
    [applyOne("Transpose", [x], { perm: [2, 0, 1] }).shape, [4, "batch", 3]],
    [applyOne("Gather", [x, int64s([1, 2])], { axis: 1 }).shape, ["batch", 2, 4]],
    [applyOne("Shape", [x], none).shape, [3]],
    [applyOne("MatMul", [x, input("w", "float32", [4, 2])], none).shape, ["batch", 3, 2]],
    [applyOne("Add", [x, input("b", "float32", [1, 1, 3, 1])], none).shape, [1, "batch", 3, 4]],
  ];
  for (const [actual, expected] of shapes) assertEquals(actual, expected);
  const types = apply("LayerNormalization", [x], { epsilon: 1e-5 }).map(({ shape }) => shape);
  assertEquals(types, [["batch", 3, 4], ["batch", 3, 1], ["batch", 3, 1]]);
});

Deno.test("constant() throws if the number of values is not that of the shape", () => {
  const message = "Cannot make a constant of shape [2, 2]: received 3 values";
  assertThrows(() => constant([1, 2, 3], [2, 2]), TypeError, message);
});
