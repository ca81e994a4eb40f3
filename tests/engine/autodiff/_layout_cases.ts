/**
 * Examples of the operators that move values.
 * @module
 */
import { applyOne, int64s, scalar } from "../../../engine/ir/create.ts";
import * as e from "../../../engine/ir/elementwise.ts";
import * as l from "../../../engine/ir/layout.ts";
import * as indexing from "../../../engine/ir/indexing.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { indices, sample } from "../_run.ts";
import { apart, type Case } from "./_case.ts";

const ROWS = ["batch", 3];
const pads = (values: readonly number[], shape: Tensor["shape"]) => (x: Tensor) =>
  applyOne("Pad", [x, int64s(values)], { shape });

export const concatCases: readonly Case[] = [
  {
    name: "first axis",
    of: (a, b) => l.concat([a, b], 0),
    at: [sample([2, 3]), sample([1, 3], { seed: 2 })],
  },
  {
    name: "three parts on the last axis",
    of: (a, b, c) => l.concat([a, b, c], -1),
    at: [sample([2, 1]), sample([2, 2], { seed: 2 }), sample([2, 3], { seed: 3 })],
  },
  { name: "the same part twice", of: (a) => l.concat([a, a], 0), at: [sample([2, 3])] },
  {
    name: "symbolic sizes between known ones",
    of: (a, b, c, d) => l.concat([a, b, c, d], 0, "joined"),
    at: [
      sample([1, 3]),
      sample([2, 3], { seed: 2, declared: ["some", 3] }),
      sample([1, 3], { seed: 3, declared: ["more", 3] }),
      sample([2, 3], { seed: 4 }),
    ],
  },
  {
    name: "one of the parts is data",
    of: (a, b) => l.concat([a, b], 1),
    at: [sample([2, 1], { frozen: true }), sample([2, 2], { seed: 2 })],
  },
];

export const sliceCases: readonly Case[] = [
  { name: "start", of: (x) => indexing.slice(x, 0, 0, 2), at: [sample([4, 2])] },
  { name: "middle, negative axis", of: (x) => indexing.slice(x, -1, 1, 3), at: [sample([2, 4])] },
  { name: "end, middle axis", of: (x) => indexing.slice(x, 1, 2, 3), at: [sample([2, 3, 2])] },
  {
    name: "symbolic axis",
    of: (x) => indexing.slice(x, 0, 1, 3),
    at: [sample([4, 3], { declared: ROWS })],
  },
  {
    name: "symbolic axis up to its end",
    of: (x) => indexing.slice(x, 1, 0, 2),
    at: [sample([3, 2, 2], { declared: ["batch", "rows", 2] })],
  },
  ...[[0, 2], [1, 4], [2, 3]].map(([start, end]): Case => ({
    name: `between ${start} and ${end}, known at run time`,
    of: (x, start, end) => indexing.sliceBetween(x, 0, [start, end], "block"),
    at: [sample([4, 3], { declared: ROWS }), indices([start], []), indices([end], [])],
  })),
  {
    name: "known axis beside a symbolic one",
    of: (x) => indexing.slice(x, 1, 1, 2),
    at: [sample([1, 3], { declared: ROWS })],
  },
];

export const padCases: readonly Case[] = [
  { name: "every side", of: pads([1, 2, 0, 1], [4, 6]), at: [sample([3, 3])] },
  { name: "one side", of: pads([0, 2, 0, 0], [2, 4]), at: [sample([2, 2])] },
  { name: "cropping", of: pads([-1, 1, 0, 0], [2, 3]), at: [sample([3, 2])] },
  {
    name: "symbolic axis",
    of: pads([1, 0, 2, 1], ["padded", 4]),
    at: [sample([2, 3], { declared: ROWS })],
  },
];

export const gatherCases: readonly Case[] = [
  {
    name: "repeated indices",
    of: (x, i) => indexing.gather(x, i),
    at: [sample([4, 2]), indices([0, 2, 2, 2, 1])],
  },
  {
    name: "matrix of indices on the middle axis",
    of: (x, i) => indexing.gather(x, i, 1),
    at: [sample([2, 3, 2]), indices([0, 2, 1, 1], [2, 2])],
  },
  {
    name: "scalar index on the last axis",
    of: (x, i) => indexing.gather(x, i, -1),
    at: [sample([2, 3]), indices([1], [])],
  },
  { name: "vector", of: (x, i) => indexing.gather(x, i), at: [sample([4]), indices([3, 3, -4])] },
  {
    name: "symbolic rows and symbolic indices",
    of: (x, i) => indexing.gather(x, i),
    at: [sample([3, 2], { declared: ["rows", 2] }), indices([2, 0, 2], [1, 3], ["a", "b"])],
  },
];

export const scatterCases: readonly Case[] = [
  {
    name: "repeated indices",
    of: (x, i, u) => indexing.scatterAdd(x, i, u, 0),
    at: [sample([3, 2]), indices([0, 1, 0, 2, 0, 0], [3, 2]), sample([3, 2], { seed: 2 })],
  },
  {
    name: "last axis, symbolic batch of 1",
    of: (x, i, u) => indexing.scatterAdd(x, i, u, -1),
    at: [
      sample([1, 4], { declared: ["batch", 4] }),
      indices([3, 3], [1, 2], ["batch", 2]),
      sample([1, 2], { seed: 2, declared: ["batch", 2] }),
    ],
  },
];

export const cumSumCases: readonly Case[] = [
  { name: "rows", of: (x) => indexing.cumSum(x, 1), at: [sample([2, 4])] },
  {
    name: "exclusive, negative axis",
    of: (x) => indexing.cumSum(x, -2, true),
    at: [sample([3, 2])],
  },
  {
    name: "exclusive and reverse",
    of: (x) =>
      applyOne("CumSum", [x, scalar(0, "int64")], { axis: 0, exclusive: true, reverse: true }),
    at: [sample([4], { declared: ["rows"] })],
  },
];

export const topKCases: readonly Case[] = [
  { name: "largest", of: (x) => indexing.topK(x, 2).values, at: [apart([2, 4])] },
  {
    name: "smallest on the first axis",
    of: (x) => indexing.topK(x, 3, { axis: 0, largest: false }).values,
    at: [apart([4, 2])],
  },
  {
    name: "number known at run time",
    of: (x, k) => indexing.topK(x, { count: k, symbol: "k" }, { axis: 0 }).values,
    at: [{ ...apart([4, 2]), declared: ["rows", 2] }, indices([2], [])],
  },
];

export const reshapeCases: readonly Case[] = [
  { name: "flatten", of: (x) => l.reshape(x, [6]), at: [sample([2, 3])] },
  { name: "from a scalar", of: (x) => l.reshape(x, [1, 1]), at: [sample([])] },
  {
    name: "symbolic, joined and split again",
    of: (x) => l.reshape(e.mul(l.reshape(x, ["batch*rows", 2]), 2), ["batch", "rows", 2], x),
    at: [sample([2, 3, 2], { declared: ["batch", "rows", 2] })],
  },
  {
    name: "unsqueeze and squeeze",
    of: (x) => l.squeeze(l.unsqueeze(x, [0, -1]), [0]),
    at: [sample([1, 2], { declared: ["batch", "rows"] })],
  },
];

export const expandCases: readonly Case[] = [
  { name: "new axis", of: (x) => l.expand(x, [2, 3]), at: [sample([3])] },
  { name: "axis of 1", of: (x) => l.expand(x, [2, 4, 3]), at: [sample([2, 1, 3])] },
  { name: "scalar", of: (x) => l.expand(x, [2, 2]), at: [sample([])] },
  {
    name: "to a symbolic shape",
    of: (x, like) => l.expand(x, like.shape, like),
    at: [sample([1, 3]), sample([1, 3], { declared: ROWS, frozen: true })],
  },
];

export const transposeCases: readonly Case[] = [
  { name: "matrix", of: (x) => l.transpose(x), at: [sample([2, 3])] },
  { name: "cycle of three", of: (x) => l.transpose(x, [1, 2, 0]), at: [sample([2, 3, 4])] },
  { name: "rank 4", of: (x) => l.transpose(x, [0, 2, 3, 1]), at: [sample([2, 3, 1, 2])] },
  { name: "symbolic", of: (x) => l.transpose(x), at: [sample([1, 3], { declared: ROWS })] },
];

export const gatherElementsCases: readonly Case[] = [
  {
    name: "repeated indices",
    of: (x, i) => indexing.gatherElements(x, i, 1),
    at: [sample([2, 3]), indices([0, 0, 2, 1, 1, 1], [2, 3])],
  },
  {
    name: "fewer indices than entries, first axis",
    of: (x, i) => indexing.gatherElements(x, i, 0),
    at: [sample([3, 2], { declared: ["rows", 2] }), indices([2, 0], [1, 2])],
  },
];
