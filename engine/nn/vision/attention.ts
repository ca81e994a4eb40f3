/**
 * Self-attention of vision transformers: timm's Attention and DiffAttention.
 * @module
 */
import { add, exp, mul, sub } from "../../ir/elementwise.ts";
import { reshape, squeeze, transpose } from "../../ir/layout.ts";
import { slice } from "../../ir/indexing.ts";
import { matMul, reduceSum, softmax } from "../../ir/matrix.ts";
import type { Tensor } from "../../ir/node.ts";
import { normal } from "../initializers.ts";
import type { ForwardContext, Layer, Scope } from "../scope.ts";
import { TRUNCATED_NORMAL } from "./mlp.ts";
import { type NormLayer, rmsNorm } from "./norms.ts";
import type { Rotation } from "./rope.ts";

/** What attention is made of. */
export interface AttentionOptions {
  /** Width of the tokens. */
  readonly dim: number;
  /** Number of heads; divides `dim`. */
  readonly heads: number;
  /** Whether queries, keys and values have a bias. */
  readonly qkvBias: boolean;
  /** Whether the output projection has a bias. */
  readonly projBias: boolean;
  /** Normalises queries and keys. @default {none} */
  readonly qkNorm?: NormLayer;
  /** Turns queries and keys by their positions. @default {none} */
  readonly rotate?: Rotation;
  /** Normalises what goes into the output projection. @default {none} */
  readonly scaleNorm?: NormLayer;
  /** Dropout rate on the attention weights, in training. */
  readonly attnDrop: number;
  /** Dropout rate on the output, in training. */
  readonly projDrop: number;
  /** Which block it is, counted from 0; differential attention starts differently by depth. */
  readonly index: number;
}

/** Declares the parameters of attention, directly in the scope. */
export type AttentionLayer = (scope: Scope, options: AttentionOptions) => Layer;

/** Mixes the tokens: from queries, keys and values `[batch, tokens, dim]` to `[batch, tokens, dim]`. */
export type Mixer = (
  qkv: readonly [q: Tensor, k: Tensor, v: Tensor],
  context: ForwardContext,
) => Tensor;

/** `[batch, tokens, heads · width]` to `[batch, heads, tokens, width]`. */
function splitHeads(x: Tensor, heads: number): Tensor {
  const [batch, tokens, dim] = x.shape;
  return transpose(reshape(x, [batch, tokens, heads, Number(dim) / heads]), [0, 2, 1, 3]);
}

/** `[batch, heads, tokens, width]` to `[batch, tokens, heads · width]`. */
function joinHeads(x: Tensor): Tensor {
  const [batch, heads, tokens, width] = x.shape;
  return reshape(transpose(x, [0, 2, 1, 3]), [batch, tokens, Number(heads) * Number(width)]);
}

/** `softmax(q kᵀ / √width)`, `[batch, heads, tokens, tokens]`. */
function attentionWeights(
  q: Tensor,
  k: Tensor,
  { drop, context }: { readonly drop: number; readonly context: ForwardContext },
): Tensor {
  const scale = Number(q.shape.at(-1)) ** -0.5;
  const weights = softmax(matMul(mul(q, scale), transpose(k)));
  return context.training ? context.random.dropout(weights, drop) : weights;
}

function qkNorms(scope: Scope, norm: NormLayer | undefined, width: number): [Layer, Layer] {
  const identity: Layer = (x) => x;
  if (!norm) return [identity, identity];
  return [norm(scope.child("q_norm"), width), norm(scope.child("k_norm"), width)];
}

/**
 * Softmax attention (Vaswani et al. 2017), without projections.
 * @param scope Where `q_norm` and `k_norm` stand.
 * @param options Heads, norms, rotation and dropout.
 */
export function attentionMixer(scope: Scope, options: AttentionOptions): Mixer {
  const { dim, heads, attnDrop, rotate = (x: Tensor) => x } = options;
  const [qNorm, kNorm] = qkNorms(scope, options.qkNorm, dim / heads);
  return ([q, k, v], context) => {
    const queries = rotate(qNorm(splitHeads(q, heads), context));
    const keys = rotate(kNorm(splitHeads(k, heads), context));
    const weights = attentionWeights(queries, keys, { drop: attnDrop, context });
    return joinHeads(matMul(weights, splitHeads(v, heads)));
  };
}

/**
 * Differential attention (Ye et al. 2024), without projections: the difference of two softmax maps
 * cancels what both attend to.
 * @param scope Where the norms and `lambda_*` stand.
 * @param options Heads, norms, dropout and index of the block.
 */
export function diffAttentionMixer(scope: Scope, options: AttentionOptions): Mixer {
  const { dim, heads, attnDrop, index } = options;
  const width = dim / heads / 2; // each head attends twice
  if (!Number.isInteger(width)) {
    throw new RangeError(
      `expected argument "num_heads" to leave heads of even width, received ${heads} of ${dim}`,
    );
  }
  const [qNorm, kNorm] = qkNorms(scope, options.qkNorm, width);
  const subNorm = rmsNorm(scope.child("sub_norm"), 2 * width, { eps: 1e-5 });
  const [q1, k1, q2, k2] = ["q1", "k1", "q2", "k2"].map((name) =>
    scope.parameter(`lambda_${name}`, [width], normal(0.1))
  );
  const start = 0.8 - 0.6 * Math.exp(-0.3 * index);
  return ([q, k, v], context) => {
    const queries = qNorm(splitHeads(q, 2 * heads), context);
    const keys = kNorm(splitHeads(k, 2 * heads), context);
    const weights = attentionWeights(queries, keys, { drop: attnDrop, context });
    const lambda = add(
      sub(exp(reduceSum(mul(q1, k1))), exp(reduceSum(mul(q2, k2)))),
      start,
    );
    const [batch, , tokens] = weights.shape;
    const pairs = reshape(weights, [batch, heads, 2, tokens, tokens]);
    const [first, second] = [0, 1].map((at) => squeeze(slice(pairs, 2, at, at + 1), [2]));
    const mixed = matMul(sub(first, mul(lambda, second)), splitHeads(v, heads));
    return joinHeads(mul(subNorm(mixed, context), 1 - start));
  };
}

/** `qkv` in one linear map, then a mixer, then `proj`. */
function projected(mixerOf: (scope: Scope, options: AttentionOptions) => Mixer): AttentionLayer {
  return (scope, options) => {
    const { dim, qkvBias, projBias, projDrop } = options;
    const qkv = scope.linear("qkv", dim, 3 * dim, { ...TRUNCATED_NORMAL, bias: qkvBias });
    const mix = mixerOf(scope, options);
    const norm = options.scaleNorm?.(scope.child("norm"), dim);
    const proj = scope.linear("proj", dim, dim, { ...TRUNCATED_NORMAL, bias: projBias });
    return (x, context) => {
      const all = qkv(x, context); // [batch, tokens, 3 · dim]
      const [q, k, v] = [0, 1, 2].map((at) => slice(all, 2, at * dim, (at + 1) * dim));
      const mixed = mix([q, k, v], context);
      const y = proj(norm?.(mixed, context) ?? mixed, context);
      return context.training ? context.random.dropout(y, projDrop) : y;
    };
  };
}

/** timm's Attention. */
export const attention: AttentionLayer = projected(attentionMixer);

/** timm's DiffAttention. */
export const diffAttention: AttentionLayer = projected(diffAttentionMixer);

/** The attentions by timm's names. */
export const ATTENTIONS: Readonly<Record<string, AttentionLayer>> = {
  "": attention,
  attn: attention,
  diff: diffAttention,
};
