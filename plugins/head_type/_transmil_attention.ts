/**
 * Nyström attention (Xiong et al. 2021) as TransMIL uses it: softmax attention through landmarks,
 * the pseudo-inverse by iteration, and a convolution of the values along the sequence.
 */
import { constant, scalar } from "../../engine/ir/create.ts";
import { add, div, mul, sub } from "../../engine/ir/elementwise.ts";
import { flatSize } from "../../engine/ir/dims.ts";
import { less, where } from "../../engine/ir/logic.ts";
import {
  concat,
  expand,
  reshape,
  sizeOfAxis,
  transpose,
  unsqueeze,
} from "../../engine/ir/layout.ts";
import { gather, slice, sliceBetween } from "../../engine/ir/indexing.ts";
import { matMul, reduceMax, reduceSum, softmax } from "../../engine/ir/matrix.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { torchDefault } from "../../engine/nn/initializers.ts";
import { type ForwardContext, type Layer, linear, type Scope } from "../../engine/nn/scope.ts";
import { BLOCK, classWindows, landmarkMeans, type TokenGrid } from "./_transmil_layout.ts";

/** Options of the attention. */
export interface AttentionOptions {
  readonly dim: number;
  readonly heads: number;
  readonly num_landmarks: number;
  readonly pinv_iterations: number;
  readonly dropout: number;
}

/** Taps of the convolution of the values. */
const TAPS = 33;

/** The parameters of an attention, and its options. */
export interface Attention {
  readonly options: AttentionOptions;
  /** Queries, keys, values: each `[dim, dim]`. */
  readonly maps: readonly Tensor[];
  readonly output: Layer;
  /** `[heads, TAPS]`. */
  readonly taps: Tensor;
}

/**
 * Declares the parameters, called as in the authors' code.
 * @param scope Place of the attention.
 * @param options Sizes.
 */
export function declareAttention(scope: Scope, options: AttentionOptions): Attention {
  const { dim, heads } = options;
  const qkv = scope.parameter("to_qkv.weight", [3 * dim, dim], torchDefault(dim));
  const output = scope.linear("to_out.0", dim, dim);
  const taps = scope.parameter("res_conv.weight", [heads, 1, TAPS, 1], torchDefault(TAPS));
  const maps = [0, 1, 2].map((part) => slice(qkv, 0, part * dim, (part + 1) * dim));
  return { options, maps, output, taps: reshape(taps, [heads, TAPS]) };
}

/** `[bags, tokens, dim]` as `[bags, heads, tokens, dim / heads]`. */
function split(x: Tensor, heads: number): Tensor {
  const [bags, tokens, dim] = x.shape;
  return transpose(reshape(x, [bags, tokens, heads, Number(dim) / heads]), [0, 2, 1, 3]);
}

/** What queries attend to: keys of the landmarks, and for each the values that it gathers. */
interface Memory {
  /** `[bags, heads, landmarks, head_dim]`. */
  readonly keys: Tensor;
  /** The same shape. */
  readonly values: Tensor;
}

/**
 * Attention of all tokens.
 * @param attention Parameters.
 * @param x Normalised tokens `[bags, tokens, dim]`, zero where there is none.
 * @param grid The grid.
 * @param context Mode and random numbers.
 * @returns `[bags, tokens, dim]`.
 */
export function attendAll(
  attention: Attention,
  x: Tensor,
  grid: TokenGrid,
  context: ForwardContext,
): Tensor {
  const { options: { heads }, maps, taps } = attention;
  const values = split(linear(x, maps[2]), heads);
  const memory = remember(attention, { x, values, grid });
  const queries = split(linear(x, maps[0]), heads);
  const attended = add(read(queries, memory), convolve(values, taps));
  const joined = reshape(transpose(attended, [0, 2, 1, 3]), x.shape, x);
  return finish(attention, joined, context);
}

/**
 * Attention of the class tokens only.
 * @param attention Parameters.
 * @param x Normalised tokens `[bags, tokens, dim]`, zero where there is none.
 * @param grid The grid.
 * @param context Mode and random numbers.
 * @returns `[bags, dim]`.
 */
export function attendClassTokens(
  attention: Attention,
  x: Tensor,
  grid: TokenGrid,
  context: ForwardContext,
): Tensor {
  const { options: { heads, dim }, maps, taps } = attention;
  const [bags, tokens] = x.shape;
  const memory = remember(attention, { x, values: split(linear(x, maps[2]), heads), grid });
  const flat = reshape(x, [flatSize([bags, tokens]), dim]);
  const queries = linear(unsqueeze(gather(flat, grid.classToken), [1]), maps[0]);
  const attended = reshape(read(split(queries, heads), memory), [bags, dim]);
  const { places, inside } = classWindows(grid, TAPS);
  const window = where(unsqueeze(inside, [2]), gather(flat, places), 0); // [bags, TAPS, dim]
  const values = reshape(linear(window, maps[2]), [bags, TAPS, heads, dim / heads]);
  const weighted = mul(values, unsqueeze(transpose(taps), [2]));
  const convolved = reshape(reduceSum(weighted, { axes: [1] }), [bags, dim]);
  return finish(attention, add(attended, convolved), context);
}

function finish(
  { options: { dropout }, output }: Attention,
  joined: Tensor,
  context: ForwardContext,
): Tensor {
  const mapped = output(joined, context);
  return context.training ? context.random.dropout(mapped, dropout) : mapped;
}

/** softmax(q k̃ᵀ) times what the landmarks remember. */
function read(queries: Tensor, { keys, values }: Memory): Tensor {
  const scaled = mul(queries, 1 / Math.sqrt(Number(queries.shape[3])));
  return matMul(softmax(matMul(scaled, transpose(keys))), values);
}

/** softmax(q̃ k̃ᵀ)⁺ softmax(q̃ kᵀ) v. */
function remember(
  { options, maps }: Attention,
  { x, values, grid }: {
    readonly x: Tensor;
    readonly values: Tensor;
    readonly grid: TokenGrid;
  },
): Memory {
  const { heads, num_landmarks, pinv_iterations, dim } = options;
  // The maps are linear: those of the means are the means of the maps.
  const means = matMul(landmarkMeans(grid, num_landmarks), x);
  const queries = mul(split(linear(means, maps[0]), heads), 1 / Math.sqrt(dim / heads));
  const landmarks = split(linear(means, maps[1]), heads);
  const keys = split(linear(x, maps[1]), heads);
  const used = unsqueeze(less(grid.places, grid.used), [1, 2]); // [bags, 1, 1, tokens]
  const toAll = softmax(where(used, matMul(queries, transpose(keys)), -Infinity));
  const inverse = pseudoInverse(softmax(matMul(queries, transpose(landmarks))), pinv_iterations);
  return { keys: landmarks, values: matMul(inverse, matMul(toAll, values)) };
}

/** Moore-Penrose inverse by the iteration of Razavi et al. 2014, on the scale of each bag. */
function pseudoInverse(x: Tensor, iterations: number): Tensor {
  const size = Number(x.shape[3]);
  const [columns, rows] = [3, 2].map((axis) =>
    reduceMax(reduceSum(x, { axes: [axis], keepdims: true }), { axes: [1, 2, 3], keepdims: true })
  );
  const unit = identity(size);
  let z = div(transpose(x), mul(columns, rows));
  for (let step = 0; step < iterations; step++) {
    const xz = matMul(x, z);
    const inner = sub(mul(unit, 15), matMul(xz, sub(mul(unit, 7), xz)));
    z = matMul(mul(z, 0.25), sub(mul(unit, 13), matMul(xz, inner)));
  }
  return z;
}

function identity(size: number): Tensor {
  const values = new Float32Array(size * size);
  for (let i = 0; i < size; i++) values[i * size + i] = 1;
  return constant(values, [size, size]);
}

/**
 * Each head's convolution along the sequence, with zeros around: block by block as products with
 * the matrix of the shifted taps.
 * @param values `[bags, heads, tokens, head_dim]`, zero beyond a bag's places.
 * @param taps `[heads, TAPS]`.
 */
function convolve(values: Tensor, taps: Tensor): Tensor {
  const [bags, heads, , width] = values.shape;
  const zeros = expand(scalar(0), [bags, heads, BLOCK / 2, width], values);
  const padded = concat([zeros, values, zeros], 2, "padded_tokens");
  const blocks = reshape(padded, [bags, heads, "padded_blocks", BLOCK, width]);
  const count = sizeOfAxis(blocks, 2);
  const [zero, one] = [0, 1].map((value) => scalar(value, "int64"));
  const left = sliceBetween(blocks, 2, [zero, sub(count, 1)], "blocks");
  const right = sliceBetween(blocks, 2, [one, count], "blocks");
  const [first, second] = shiftedTaps(taps);
  const sums = add(matMul(first, left), matMul(second, right));
  return reshape(sums, values.shape, values);
}

/** `[heads, 1, BLOCK, BLOCK]`: what a block's entries weigh in each output, and the next block's. */
function shiftedTaps(taps: Tensor): [Tensor, Tensor] {
  const heads = Number(taps.shape[0]);
  const known = concat([taps, constant(new Float32Array(heads), [heads, 1])], 1);
  const matrix = (shift: number) => {
    const indices = Array.from({ length: BLOCK * BLOCK }, (_, i) => {
      const tap = shift + i % BLOCK - Math.floor(i / BLOCK);
      return tap >= 0 && tap < TAPS ? tap : TAPS; // the last column is zero
    });
    const entries = gather(known, constant(indices, [BLOCK, BLOCK], "int64"), 1);
    return unsqueeze(entries, [1]);
  };
  return [matrix(0), matrix(BLOCK)];
}
