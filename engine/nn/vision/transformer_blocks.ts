/**
 * The blocks of vision transformers: timm's Block, ResPostBlock, ParallelScalingBlock,
 * DiffParallelScalingBlock and ParallelThingsBlock.
 * @module
 */
import { add, mul } from "../../ir/elementwise.ts";
import { concat } from "../../ir/layout.ts";
import { slice } from "../../ir/indexing.ts";
import type { Tensor } from "../../ir/node.ts";
import { constantInitializer, ones, zeros } from "../initializers.ts";
import type { ForwardContext, Layer, Scope } from "../scope.ts";
import { namedLayer } from "../wrap_scope.ts";
import {
  type AttentionLayer,
  attentionMixer,
  type AttentionOptions,
  diffAttentionMixer,
  type Mixer,
} from "./attention.ts";
import { dropPath } from "./drop_path.ts";
import { type MlpLayer, type MlpOptions, TRUNCATED_NORMAL } from "./mlp.ts";
import type { NormLayer } from "./norms.ts";

/** What a block is made of. */
export interface BlockOptions {
  /** Its attention. */
  readonly attention: AttentionOptions;
  /** Its network. */
  readonly mlp: MlpOptions;
  /** Kind of attention. */
  readonly attentionLayer: AttentionLayer;
  /** Kind of network. */
  readonly mlpLayer: MlpLayer;
  /** Kind of norms. */
  readonly norm: NormLayer;
  /** Initial factor of the branches. @default {no factor} */
  readonly initValues?: number;
  /** Rate of stochastic depth. */
  readonly dropPath: number;
}

/** Declares the parameters of a block, directly in the scope. */
export type Block = (scope: Scope, options: BlockOptions) => Layer;

/** timm's LayerScale: a learned factor per channel, named `gamma`. */
function layerScale(scope: Scope, dim: number, start: number | undefined): Layer {
  if (start === undefined) return (x) => x;
  const gamma = scope.parameter("gamma", [dim], constantInitializer(start));
  return (x) => mul(x, gamma);
}

/** `norm`, a layer, and a factor; names of all three given by the caller. */
function branch(norm: Layer, layer: Layer, scale: Layer): Layer {
  return (x, context) => scale(layer(norm(x, context), context), context);
}

/** `x` plus branches of it, each left out at times. */
function residual(branches: readonly Layer[], rate: number): Layer {
  return (x, context) =>
    branches.reduce((sum, each) => add(sum, dropPath(each(x, context), rate, context)), x);
}

function chain(layers: readonly Layer[]): Layer {
  return (x, context) => layers.reduce((value, layer) => layer(value, context), x);
}

/** A factor of 0 means none, as in Python's `if init_values`. */
function startOf({ initValues }: BlockOptions): number | undefined {
  return initValues || undefined;
}

/** Attention, then the network, each after a norm (Dosovitskiy et al. 2021). */
export const preNormBlock: Block = (scope, options): Layer => {
  const { attention: { dim }, norm } = options;
  const start = startOf(options);
  const attend = branch(
    norm(scope.child("norm1"), dim),
    options.attentionLayer(scope.child("attn"), options.attention),
    layerScale(scope.child("ls1"), dim, start),
  );
  const transform = branch(
    norm(scope.child("norm2"), dim),
    options.mlpLayer(scope.child("mlp"), options.mlp),
    layerScale(scope.child("ls2"), dim, start),
  );
  const network = namedLayer(
    scope,
    "mlp_branch",
    dim,
    (x, context) => dropPath(transform(x, context), options.dropPath, context),
  );
  return chain([residual([attend], options.dropPath), residual([network], 0)]);
};

/** Attention, then the network, each before a norm, whose weight starts at `initValues`. */
export const resPostBlock: Block = (scope, options): Layer => {
  const { attention: { dim }, norm, initValues } = options;
  const weightInitializer = initValues === undefined ? ones : constantInitializer(initValues);
  const attend = options.attentionLayer(scope.child("attn"), options.attention);
  const norm1 = norm(scope.child("norm1"), dim, { weightInitializer });
  const transform = options.mlpLayer(scope.child("mlp"), options.mlp);
  const norm2 = norm(scope.child("norm2"), dim, { weightInitializer });
  return chain([
    residual([chain([attend, norm1])], options.dropPath),
    residual([chain([transform, norm2])], options.dropPath),
  ]);
};

/** Two attentions side by side, then two networks (Touvron et al. 2022). */
export const parallelThingsBlock: Block = (scope, options): Layer => {
  const { attention: { dim }, norm } = options;
  const start = startOf(options);
  const branches = (name: string, layerOf: (scope: Scope) => Layer) =>
    [0, 1].map((index) => {
      const place = scope.child(`${name}.${index}`);
      return branch(
        norm(place.child("norm"), dim),
        layerOf(place),
        layerScale(place.child("ls"), dim, start),
      );
    });
  const attend = branches(
    "attns",
    (place) => options.attentionLayer(place.child("attn"), options.attention),
  );
  const transform = branches("ffns", (place) => options.mlpLayer(place.child("mlp"), options.mlp));
  return chain([residual(attend, options.dropPath), residual(transform, options.dropPath)]);
};

/** What both blocks with one projection for attention and network need. */
interface ParallelParts {
  readonly mixerOf: (scope: Scope, options: AttentionOptions) => Mixer;
  readonly outputOf: (scope: Scope, options: BlockOptions) => Output;
}

type Output = (attended: Tensor, hidden: Tensor, context: ForwardContext) => Tensor;

/** One projection for each of both branches. */
function separateOutput(
  scope: Scope,
  { attention: { dim, projBias: bias }, mlp }: BlockOptions,
): Output {
  const settings = { ...TRUNCATED_NORMAL, bias };
  const attn = scope.linear("attn_out_proj", dim, dim, settings);
  const network = scope.linear("mlp_out_proj", mlp.hidden, dim, settings);
  return (attended, hidden, context) => add(attn(attended, context), network(hidden, context));
}

/** One projection for both branches. */
function joinedOutput(
  scope: Scope,
  { attention: { dim, projBias: bias }, mlp }: BlockOptions,
): Output {
  const out = scope.linear("out_proj", dim + mlp.hidden, dim, { ...TRUNCATED_NORMAL, bias });
  return (attended, hidden, context) => out(concat([attended, hidden], 2), context);
}

/** Attention and network side by side, from one projection (Dehghani et al. 2023). */
function parallelBlock({ mixerOf, outputOf }: ParallelParts): Block {
  return (scope, options) => {
    const { attention: { dim, qkvBias }, mlp: { hidden, activation, drop }, norm } = options;
    if (options.attention.scaleNorm || options.mlp.norm) {
      throw new RangeError(
        'expected arguments "scale_attn_norm" and "scale_mlp_norm" to be false with parallel ' +
          "blocks, received true",
      );
    }
    const inNorm = norm(scope.child("in_norm"), dim);
    const settings = { ...TRUNCATED_NORMAL, bias: qkvBias };
    const inProj = scope.linear("in_proj", dim, hidden + 3 * dim, settings);
    const bias = qkvBias ? undefined : scope.parameter("mlp_bias", [hidden], zeros);
    const mix = mixerOf(scope, options.attention);
    const output = outputOf(scope, options);
    const scale = layerScale(scope.child("ls"), dim, options.initValues);
    const both: Layer = (x, context) => {
      const all = inProj(inNorm(x, context), context); // [batch, tokens, hidden + 3 · dim]
      const [q, k, v] = [0, 1, 2].map((at) =>
        slice(all, 2, hidden + at * dim, hidden + (at + 1) * dim)
      );
      const first = slice(all, 2, 0, hidden);
      const active = activation(bias ? add(first, bias) : first);
      const kept = context.training ? context.random.dropout(active, drop) : active;
      return scale(output(mix([q, k, v], context), kept, context), context);
    };
    return residual([both], options.dropPath);
  };
}

/** Attention and network side by side. */
export const parallelScalingBlock: Block = parallelBlock({
  mixerOf: attentionMixer,
  outputOf: separateOutput,
});

/** Differential attention and network side by side. */
export const diffParallelScalingBlock: Block = parallelBlock({
  mixerOf: diffAttentionMixer,
  outputOf: joinedOutput,
});

/** The blocks by timm's names. */
export const BLOCKS: Readonly<Record<string, Block>> = {
  Block: preNormBlock,
  DiffParallelScalingBlock: diffParallelScalingBlock,
  ParallelScalingBlock: parallelScalingBlock,
  ParallelThingsBlock: parallelThingsBlock,
  ResPostBlock: resPostBlock,
};
