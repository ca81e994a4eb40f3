/**
 * Examples of every operator, to check its gradient on.
 * @module
 */
import { applyOne, constant } from "../../../engine/ir/create.ts";
import * as e from "../../../engine/ir/elementwise.ts";
import * as logic from "../../../engine/ir/logic.ts";
import * as m from "../../../engine/ir/matrix.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import type { OpName } from "../../../engine/ir/ops.ts";
import { type Sample, sample } from "../_run.ts";
import { apart, type Case } from "./_case.ts";
import * as layout from "./_layout_cases.ts";
import * as windows from "./_window_cases.ts";

type Range = readonly [number, number];
const POSITIVE: Range = [0.5, 2];

function twice(between: Range, a: readonly number[], b: readonly number[]): Sample[] {
  return [sample(a, { between, seed: 1 }), sample(b, { between, seed: 2 })];
}

/** Cases of an elementwise function of two operands. */
function broadcasting(
  of: (a: e.Operand, b: e.Operand) => Tensor,
  between: Range = [-1.5, 1.5],
): Case[] {
  const on = (name: string, a: readonly number[], b: readonly number[]): Case => (
    { name, of, at: twice(between, a, b) }
  );
  const symbolic = (name: string, batch: number): Case => ({
    name,
    of,
    at: [
      sample([batch, 3], { between, declared: ["batch", 3] }),
      sample([1, 3], { between, seed: 2 }),
    ],
  });
  return [
    on("equal shapes", [2, 3], [2, 3]),
    on("right broadcasts", [2, 3], [3]),
    on("left broadcasts", [1], [2, 3]),
    on("both broadcast", [2, 1], [1, 3]),
    on("scalar", [], [2, 2]),
    on("two scalars", [], []),
    on("rank 4 with rank 3", [2, 1, 2, 3], [3, 1, 1]),
    {
      name: "two symbols over a known axis",
      of,
      at: [
        sample([2, 3, 2], { between, declared: [2, "rows", "columns"] }),
        sample([3, 2], { between, seed: 2, declared: ["rows", "columns"] }),
      ],
    },
    symbolic("symbolic batch", 2),
    symbolic("symbolic batch of 1", 1),
    { name: "number on the right", of: (x) => of(x, 1.3), at: [sample([3], { between })] },
    { name: "number on the left", of: (x) => of(1.3, x), at: [sample([3], { between })] },
    { name: "same tensor twice", of: (x) => of(x, e.mul(x, x)), at: [sample([3], { between })] },
  ];
}

/** Cases of max and min. */
function choosing(of: (a: e.Operand, b: e.Operand) => Tensor): Case[] {
  const x = apart([2, 3]);
  const tied: Sample = { values: [x.values[0], 9, -9], shape: [3] };
  return [
    { name: "no ties", of, at: [x, { ...apart([2, 3], 2), values: x.values.map((v) => -v / 2) }] },
    { name: "broadcast with a tie", of, at: [x, tied] },
    { name: "number", of: (x) => of(x, 0), at: [x] },
  ];
}

/** Cases of an elementwise function of one operand. */
function pointwise(
  of: (x: Tensor) => Tensor,
  point: (shape: readonly number[]) => Sample = sample,
): Case[] {
  return [
    { name: "matrix", of, at: [point([2, 3])] },
    { name: "scalar", of, at: [point([])] },
    { name: "rank 4", of, at: [point([2, 1, 2, 2])] },
    { name: "symbolic", of, at: [{ ...point([1, 3]), declared: ["batch", 3] }] },
  ];
}

const positive = (shape: readonly number[]) => sample(shape, { between: POSITIVE });

/** Cases of a reduction. */
function reducing(
  of: (x: Tensor, options?: m.ReduceOptions) => Tensor,
  point: (shape: readonly number[]) => Sample = sample,
): Case[] {
  const on = (name: string, shape: readonly number[], options?: m.ReduceOptions): Case => (
    { name, of: (x) => of(x, options), at: [point(shape)] }
  );
  const symbolic = (batch: number, options?: m.ReduceOptions): Case => ({
    name: `symbolic batch of ${batch}, ${JSON.stringify(options ?? "all")}`,
    of: (x) => of(x, options),
    at: [{ ...point([batch, 2, 3]), declared: ["batch", 2, "width"] }],
  });
  return [
    on("all", [2, 3]),
    on("vector", [4]),
    on("first axis", [3, 2], { axes: [0] }),
    on("negative axis", [2, 3], { axes: [-1] }),
    on("middle axis, kept", [2, 3, 2], { axes: [1], keepdims: true }),
    on("several axes", [2, 3, 2, 2], { axes: [1, 3] }),
    on("several axes, kept", [2, 3, 2], { axes: [-1, 0], keepdims: true }),
    symbolic(3),
    symbolic(1, { axes: [0] }),
    symbolic(2, { axes: [0, 2], keepdims: true }),
    symbolic(2, { axes: [-1] }),
  ];
}

/** Cases of maximum and minimum: a tie of two has the mean of both one-sided derivatives. */
function extremal(of: (x: Tensor, options?: m.ReduceOptions) => Tensor): Case[] {
  const tied: Sample = { values: [1, 1, 0.2, 2, -1, -1], shape: [2, 3] };
  return [
    ...reducing(of, apart),
    { name: "ties", of: (x) => of(x, { axes: [1] }), at: [tied] },
  ];
}

/** Cases of a function along an axis. */
function alongAxis(along: (x: Tensor, axis?: number) => Tensor): Case[] {
  const of = (x: Tensor) => along(x);
  return [
    { name: "last axis", of, at: [sample([2, 4])] },
    { name: "middle axis", of: (x) => along(x, 1), at: [sample([2, 3, 2])] },
    { name: "first axis", of: (x) => along(x, -3), at: [sample([3, 2, 2])] },
    { name: "vector", of, at: [sample([4])] },
    { name: "symbolic", of, at: [sample([1, 3, 2], { declared: ["batch", "width", 2] })] },
    { name: "large values", of, at: [sample([2, 3], { between: [60, 62] })], tolerance: 1e-2 },
  ];
}

function gemmCases(): Case[] {
  const cases: Case[] = [];
  for (const [transA, transB] of [[false, false], [false, true], [true, false], [true, true]]) {
    const at = [
      sample(transA ? [4, 2] : [2, 4]),
      sample(transB ? [3, 4] : [4, 3], { seed: 2 }),
    ];
    const flags = `transA ${transA}, transB ${transB}`;
    cases.push(
      { name: flags, of: (a, b) => m.gemm(a, b, { transA, transB }), at },
      {
        name: `${flags}, alpha and beta`,
        of: (a, b, c) => m.gemm(a, b, { c, transA, transB, alpha: 0.7, beta: -1.3 }),
        at: [...at, sample([2, 3], { seed: 3 })],
      },
    );
  }
  for (const shape of [[3], [1, 3], [2, 1], [1], []]) {
    cases.push({
      name: `C of shape [${shape}]`,
      of: (a, b, c) => m.gemm(a, b, { c, beta: 0.5 }),
      at: [sample([2, 4]), sample([4, 3], { seed: 2 }), sample(shape, { seed: 3 })],
    });
  }
  cases.push({
    name: "symbolic rows of 1, with bias",
    of: (a, b, c) => m.gemm(a, b, { c, transB: true }),
    at: [
      sample([1, 4], { declared: ["rows", 4] }),
      sample([3, 4], { seed: 2 }),
      sample([3], { seed: 3 }),
    ],
  });
  return cases;
}

function matMulCases(): Case[] {
  const on = (a: readonly number[], b: readonly number[]): Case => ({
    name: `[${a}] by [${b}]`,
    of: m.matMul,
    at: [sample(a), sample(b, { seed: 2 })],
  });
  return [
    on([2, 3], [3, 4]),
    on([2, 2, 3], [3, 2]),
    on([2, 3], [2, 3, 2]),
    on([2, 2, 3], [2, 3, 2]),
    on([2, 1, 2, 3], [3, 3, 2]),
    on([1, 2, 3], [2, 3, 2]),
    on([2, 2, 2, 3], [3, 2]),
    {
      name: "symbolic batch and rows by a matrix",
      of: m.matMul,
      at: [sample([2, 3, 2], { declared: ["batch", "rows", 2] }), sample([2, 2], { seed: 2 })],
    },
    {
      name: "symbolic batch of 1 by the same batch",
      of: m.matMul,
      at: [
        sample([1, 2, 3], { declared: ["batch", 2, 3] }),
        sample([1, 3, 2], { declared: ["batch", 3, 2], seed: 2 }),
      ],
    },
  ];
}

function layerNormalizationCases(): Case[] {
  const on = (name: string, x: Sample): Case => ({
    name,
    of: (x, weight, bias) => m.layerNormalization(x, weight, bias, 1e-5),
    at: [x, sample([4], { seed: 2 }), sample([4], { seed: 3 })],
  });
  return [
    on("vector", sample([4])),
    on("matrix", sample([3, 4])),
    on("rank 3", sample([2, 3, 4])),
    on("symbolic batch and rows", sample([1, 3, 4], { declared: ["batch", "rows", 4] })),
  ];
}

function batchNormalizationCases(): Case[] {
  const on = (name: string, x: Sample): Case => ({
    name,
    of: (x, weight, bias) => m.batchNormalization(x, weight, bias, 1e-3).y,
    at: [x, sample([3], { seed: 2 }), sample([3], { seed: 3 })],
  });
  return [
    on("rows", sample([4, 3])),
    on("maps", sample([2, 3, 2, 4])),
    on("one sample", sample([1, 3, 3, 3])),
    on("symbolic batch", sample([3, 3, 2, 2], { declared: ["batch", 3, 2, 2] })),
  ];
}

const whereCases: readonly Case[] = [
  {
    name: "condition on data",
    of: (x, a, b) => logic.where(logic.greater(x, 0), a, b),
    at: [sample([2, 3], { frozen: true }), sample([2, 3], { seed: 2 }), sample([3], { seed: 3 })],
  },
  {
    name: "condition broadcasts, number on one side",
    of: (x, a) => logic.where(logic.greater(x, 0), a, 1),
    at: [sample([2, 1], { frozen: true }), sample([2, 3], { seed: 2 })],
  },
  {
    name: "operands broadcast to the condition",
    of: (x, a, b) => logic.where(logic.less(x, 0), a, b),
    at: [sample([2, 3], { frozen: true }), sample([], { seed: 2 }), sample([2, 1], { seed: 3 })],
  },
  {
    name: "condition on the operand itself",
    of: (x) => logic.where(logic.greater(x, 0), e.mul(x, x), x),
    at: [apart([2, 3])],
  },
];

const powCases: readonly Case[] = [
  ...[3, 2, 0.5, -1].map((power): Case => (
    { name: `power ${power}`, of: (x) => e.pow(x, power), at: [positive([2, 3])] }
  )),
  { name: "square of negative numbers", of: (x) => e.pow(x, 2), at: [sample([4])] },
  {
    name: "powers broadcast",
    of: (x) => e.pow(x, constant([2, 2, 3])),
    at: [positive([2, 1])],
  },
  {
    name: "power is data",
    of: (x, p) => e.pow(x, p),
    at: [positive([2, 3]), sample([3], { frozen: true })],
  },
];

/** Cases of every operator; those that gradients cannot pass have none. */
export const cases: { readonly [K in OpName]: readonly Case[] | "no gradient" } = {
  Input: "no gradient",
  Constant: "no gradient",

  Add: broadcasting(e.add),
  Sub: broadcasting(e.sub),
  Mul: broadcasting(e.mul),
  Div: broadcasting(e.div, POSITIVE),
  Pow: powCases,
  Max: choosing(e.max),
  Min: choosing(e.min),
  Equal: "no gradient",
  Greater: "no gradient",
  Less: "no gradient",
  GreaterOrEqual: "no gradient",
  And: "no gradient",
  Or: "no gradient",
  BitwiseXor: "no gradient",
  BitShift: "no gradient",

  Neg: pointwise(e.neg),
  Abs: pointwise(e.abs, apart),
  Sign: "no gradient",
  Exp: pointwise(e.exp),
  Log: pointwise(e.log, positive),
  Sqrt: pointwise(e.sqrt, positive),
  Reciprocal: pointwise(e.reciprocal, positive),
  Erf: pointwise(e.erf),
  Sin: pointwise(e.sin),
  Cos: pointwise(e.cos),
  Relu: pointwise(e.relu, apart),
  Sigmoid: pointwise(e.sigmoid),
  Tanh: pointwise(e.tanh),
  Softplus: pointwise(e.softplus),
  Gelu: [...pointwise(e.gelu), ...pointwise((x) => e.gelu(x, "tanh"))],
  Not: "no gradient",
  Cast: [{
    name: "to half precision and back",
    of: (x) => e.cast(e.cast(x, "float16"), "float32"),
    at: [sample([2, 3])],
    step: 0.25,
    tolerance: 1e-2,
  }],
  Identity: [{
    name: "not detached",
    of: (x) => applyOne("Identity", [x], { detached: false }),
    at: [sample([3])],
  }],

  Where: whereCases,

  MatMul: matMulCases(),
  Gemm: gemmCases(),

  ReduceSum: reducing(m.reduceSum),
  ReduceMean: reducing(m.reduceMean),
  ReduceMax: extremal(m.reduceMax),
  ReduceMin: extremal(m.reduceMin),
  ReduceSumSquare: reducing(m.reduceSumSquare),
  ArgMax: "no gradient",

  Softmax: alongAxis(m.softmax),
  LogSoftmax: alongAxis(m.logSoftmax),
  LayerNormalization: layerNormalizationCases(),
  BatchNormalization: batchNormalizationCases(),

  Reshape: layout.reshapeCases,
  Expand: layout.expandCases,
  Transpose: layout.transposeCases,
  Concat: layout.concatCases,
  Slice: layout.sliceCases,
  Pad: layout.padCases,
  Shape: "no gradient",
  Range: "no gradient",

  Gather: layout.gatherCases,
  GatherElements: layout.gatherElementsCases,
  ScatterElements: layout.scatterCases,
  OneHot: "no gradient",
  CumSum: layout.cumSumCases,
  TopK: layout.topKCases,

  Conv: windows.convCases,
  ConvTranspose: windows.convTransposeCases,
  MaxPool: windows.maxPoolCases,
  AveragePool: windows.averagePoolCases,
};
