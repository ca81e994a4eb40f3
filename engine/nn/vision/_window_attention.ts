/**
 * Attention within windows: of Swin Transformers (Liu et al. 2021) and of their second version
 * (Liu et al. 2022).
 * @module
 */
import { constant, scalar } from "../../ir/create.ts";
import { add, div, exp, max, min, mul, relu, sigmoid, sqrt } from "../../ir/elementwise.ts";
import { concat, expand, reshape, transpose } from "../../ir/layout.ts";
import { gather, slice } from "../../ir/indexing.ts";
import { matMul, reduceSumSquare, softmax } from "../../ir/matrix.ts";
import type { Tensor } from "../../ir/node.ts";
import { constantInitializer, truncatedNormal, zeros } from "../initializers.ts";
import type { ForwardContext, Layer, Scope } from "../scope.ts";
import { fromWindows, intoWindows, relativeIndex, shiftMask, type Windows } from "./_windows.ts";
import { TRUNCATED_NORMAL } from "./mlp.ts";
import type { Size } from "./patch_embed.ts";

/** What attention within windows is made of. */
export interface WindowAttentionOptions {
  readonly dim: number;
  readonly heads: number;
  readonly qkvBias: boolean;
  /** Dropout rate on the attention weights, in training. */
  readonly attnDrop: number;
  /** Dropout rate on the output, in training. */
  readonly projDrop: number;
  readonly windows: Windows;
  /** Window that the weights were first trained with; second version only. @default {none} */
  readonly pretrainedWindow?: Size;
}

/** Declares attention, on maps `[batch, height, width, channels]`. */
export type WindowAttention = (scope: Scope, options: WindowAttentionOptions) => Layer;

/** Queries, keys, or values: `[batch, windows, heads, entries, width]`. */
function splitHeads(x: Tensor, heads: number): Tensor {
  const [batch, windows, entries, dim] = x.shape;
  const split = reshape(x, [batch, windows, entries, heads, Number(dim) / heads]);
  return transpose(split, [0, 1, 3, 2, 4]);
}

/** The biases of all pairs of entries, `[heads, entries, entries]`. */
function biasOf(table: Tensor, { window }: Windows): Tensor {
  const index = relativeIndex(window);
  const entries = window[0] * window[1];
  const pairs = gather(table, constant(index, [index.length], "int64"));
  const heads = Number(table.shape[1]);
  return transpose(reshape(pairs, [entries, entries, heads]), [2, 0, 1]);
}

/** What the versions differ in. */
interface Version {
  /** From what comes in to queries, keys and values. */
  readonly qkv: Layer;
  /** What attention is before the bias, from queries and keys by heads. */
  readonly scores: (q: Tensor, k: Tensor) => Tensor;
  /** Added to it, `[heads, entries, entries]`. */
  readonly bias: (context: ForwardContext) => Tensor;
}

/** What the versions have in common: windows, softmax and projection. */
function attend(scope: Scope, options: WindowAttentionOptions, version: Version): Layer {
  const { dim, heads, windows, attnDrop, projDrop } = options;
  const { qkv, scores, bias } = version;
  const proj = scope.linear("proj", dim, dim, TRUNCATED_NORMAL);
  const mask = shiftMask(windows);
  const drop = (x: Tensor, rate: number, context: ForwardContext) =>
    context.training ? context.random.dropout(x, rate) : x;
  return (x, context) => {
    const all = qkv(intoWindows(x, windows), context); // [batch, windows, entries, 3 · dim]
    const [q, k, v] = [0, 1, 2].map((at) =>
      splitHeads(slice(all, 3, at * dim, (at + 1) * dim), heads)
    );
    const added = mask ? add(bias(context), mask) : bias(context);
    const weights = drop(softmax(add(scores(q, k), added)), attnDrop, context);
    const mixed = transpose(matMul(weights, v), [0, 1, 3, 2, 4]);
    const [batch, count, entries] = mixed.shape;
    const y = drop(proj(reshape(mixed, [batch, count, entries, dim]), context), projDrop, context);
    return fromWindows(y, windows);
  };
}

/** With a table of biases for relative positions. */
export const windowAttention: WindowAttention = (scope, options): Layer => {
  const { dim, heads, qkvBias, windows } = options;
  const [height, width] = windows.window;
  const table = scope.parameter(
    "relative_position_bias_table",
    [(2 * height - 1) * (2 * width - 1), heads],
    truncatedNormal(0.02),
  );
  return attend(scope, options, {
    qkv: scope.linear("qkv", dim, 3 * dim, { ...TRUNCATED_NORMAL, bias: qkvBias }),
    scores: (q, k) => matMul(mul(q, (dim / heads) ** -0.5), transpose(k)),
    bias: () => biasOf(table, windows),
  });
};

/** Offsets within a window on a scale of logarithms, from about -1 to 1: `[offsets, 2]`. */
function logOffsets([height, width]: Size, [rows, columns]: Size): readonly number[] {
  const scaled = (offset: number, size: number) => {
    const wide = 8 * offset / (size - 1);
    return Math.sign(wide) * Math.log2(Math.abs(wide) + 1) / Math.log2(8);
  };
  return Array.from(
    { length: 2 * height - 1 },
    (_, row) =>
      Array.from({ length: 2 * width - 1 }, (_, column) => [
        scaled(row - height + 1, rows),
        scaled(column - width + 1, columns),
      ]),
  ).flat(2);
}

/** Vectors of length 1 along the last axis (`torch.nn.functional.normalize`). */
function normalized(x: Tensor): Tensor {
  const squares = reduceSumSquare(x, { axes: [x.shape.length - 1], keepdims: true });
  return div(x, sqrt(max(squares, 1e-24)));
}

/** Queries, keys and values with a bias for the first and the last of them. */
function partlyBiased(scope: Scope, { dim, qkvBias }: WindowAttentionOptions): Layer {
  const linear = scope.linear("qkv", dim, 3 * dim, { ...TRUNCATED_NORMAL, bias: false });
  if (!qkvBias) return linear;
  const [q, v] = ["q_bias", "v_bias"].map((name) => scope.parameter(name, [dim], zeros));
  const bias = concat([q, expand(scalar(0), [dim]), v], 0);
  return (x, context) => add(linear(x, context), bias);
}

/** With cosines, and biases that a network computes from relative positions. */
export const cosineWindowAttention: WindowAttention = (scope, options): Layer => {
  const { heads, windows, pretrainedWindow = windows.window } = options;
  const start = constantInitializer(Math.log(10));
  const logScale = scope.parameter("logit_scale", [heads, 1, 1], start);
  const network = scope.child("cpb_mlp");
  const qkv = partlyBiased(scope, options);
  const first = network.linear("0", 2, 512, TRUNCATED_NORMAL);
  const second = network.linear("2", 512, heads, { ...TRUNCATED_NORMAL, bias: false });
  const offsets = logOffsets(windows.window, pretrainedWindow);
  return attend(scope, options, {
    qkv,
    scores(q, k) {
      const scale = exp(min(logScale, Math.log(100)));
      return mul(matMul(normalized(q), transpose(normalized(k))), scale);
    },
    bias(context) {
      const hidden = relu(first(constant(offsets, [offsets.length / 2, 2]), context));
      return mul(sigmoid(biasOf(second(hidden, context), windows)), 16);
    },
  });
};
