/**
 * The blocks of Swin Transformers, and what halves their maps.
 * @module
 */
import { add } from "../../ir/elementwise.ts";
import { reshape, transpose } from "../../ir/layout.ts";
import { zeros } from "../initializers.ts";
import type { Layer, Scope } from "../scope.ts";
import { namedLayer } from "../wrap_scope.ts";
import {
  cosineWindowAttention,
  windowAttention,
  type WindowAttentionOptions,
} from "./_window_attention.ts";
import { padMaps } from "./_windows.ts";
import { dropPath } from "./drop_path.ts";
import { mlp, type MlpOptions, TRUNCATED_NORMAL } from "./mlp.ts";
import { layerNorm, type NormLayer } from "./norms.ts";

/** What the versions of the architecture differ in. */
export interface SwinVersion {
  /** Declares a block, on maps `[batch, height, width, channels]`. */
  readonly block: (scope: Scope, options: SwinBlockOptions) => Layer;
  /** Declares what makes one entry of four. */
  readonly merge: (scope: Scope, inputs: number, outputs: number) => Layer;
}

/** What a block is made of. */
export interface SwinBlockOptions {
  readonly attention: WindowAttentionOptions;
  readonly mlp: MlpOptions;
  /** Rate of stochastic depth. */
  readonly dropPath: number;
}

/** PyTorch's LayerNorm. */
export const swinNorm: NormLayer = (scope, channels, options) =>
  layerNorm(scope, channels, { eps: 1e-5, ...options });

/** Attention, then the network, each after a norm. */
function normFirstBlock(scope: Scope, { attention, mlp: sizes, dropPath: rate }: SwinBlockOptions) {
  const norm1 = swinNorm(scope.child("norm1"), sizes.dim);
  const attend = windowAttention(scope.child("attn"), attention);
  const norm2 = swinNorm(scope.child("norm2"), sizes.dim);
  const transform = mlp(scope.child("mlp"), sizes);
  return withNetwork(
    scope,
    sizes.dim,
    (x, context) => add(x, dropPath(attend(norm1(x, context), context), rate, context)),
    (x, context) => dropPath(transform(norm2(x, context), context), rate, context),
  );
}

/** Attention, then the network, each before a norm, which starts as if neither were there. */
function normLastBlock(scope: Scope, { attention, mlp: sizes, dropPath: rate }: SwinBlockOptions) {
  const start = { weightInitializer: zeros };
  const attend = cosineWindowAttention(scope.child("attn"), attention);
  const norm1 = swinNorm(scope.child("norm1"), sizes.dim, start);
  const transform = mlp(scope.child("mlp"), sizes);
  const norm2 = swinNorm(scope.child("norm2"), sizes.dim, start);
  return withNetwork(
    scope,
    sizes.dim,
    (x, context) => add(x, dropPath(norm1(attend(x, context), context), rate, context)),
    (x, context) => dropPath(norm2(transform(x, context), context), rate, context),
  );
}

/** A block whose second branch may be replaced. */
function withNetwork(scope: Scope, dim: number, first: Layer, network: Layer): Layer {
  const branch = namedLayer(scope, "mlp_branch", dim, network);
  return (x, context) => {
    const attended = first(x, context);
    return add(attended, branch(attended, context));
  };
}

/** Squares of four entries as one: `[batch, height / 2, width / 2, 4 · channels]`. */
const squares: Layer = (x) => {
  const [, height, width, channels] = x.shape.map(Number);
  const [rows, columns] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const even = padMaps(x, [2 * rows, 2 * columns]);
  const cut = reshape(even, [x.shape[0], rows, 2, columns, 2, channels]);
  return reshape(transpose(cut, [0, 1, 3, 4, 2, 5]), [x.shape[0], rows, columns, 4 * channels]);
};

function normFirstMerge(scope: Scope, inputs: number, outputs: number): Layer {
  const norm = swinNorm(scope.child("norm"), 4 * inputs);
  const reduce = reduction(scope, inputs, outputs);
  return (x, context) => reduce(norm(squares(x, context), context), context);
}

function normLastMerge(scope: Scope, inputs: number, outputs: number): Layer {
  const reduce = reduction(scope, inputs, outputs);
  const norm = swinNorm(scope.child("norm"), outputs);
  return (x, context) => norm(reduce(squares(x, context), context), context);
}

function reduction(scope: Scope, inputs: number, outputs: number): Layer {
  return scope.linear("reduction", 4 * inputs, outputs, { ...TRUNCATED_NORMAL, bias: false });
}

/** Swin Transformer (Liu et al. 2021). */
export const FIRST_VERSION: SwinVersion = { block: normFirstBlock, merge: normFirstMerge };

/** Swin Transformer V2 (Liu et al. 2022). */
export const SECOND_VERSION: SwinVersion = { block: normLastBlock, merge: normLastMerge };
