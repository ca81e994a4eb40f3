/** The blocks of timm's Eva: EvaBlock and EvaBlockPostNorm, with EvaAttention and AttentionRope. */
import { add, mul } from "../../ir/elementwise.ts";
import { concat, zerosLike } from "../../ir/layout.ts";
import { slice } from "../../ir/indexing.ts";
import type { Tensor } from "../../ir/node.ts";
import { constantInitializer, truncatedNormal, zeros } from "../initializers.ts";
import type { Layer, LinearOptions, Scope } from "../scope.ts";
import { namedLayer } from "../wrap_scope.ts";
import { attentionMixer, type AttentionOptions } from "./attention.ts";
import { dropPath } from "./drop_path.ts";
import { type MlpLayer, type MlpOptions, TRUNCATED_NORMAL } from "./mlp.ts";
import type { NormLayer } from "./norms.ts";

/** What the attention of a block is made of. */
export interface EvaAttentionOptions extends AttentionOptions {
  /** Whether queries, keys and values come from one linear map, `qkv`. */
  readonly fused: boolean;
  /** Whether keys have a bias as queries and values do. */
  readonly keyBias: boolean;
  /** Standard deviation of the initial weights of the output projection. */
  readonly outputStd: number;
}

/** What a block is made of. */
export interface EvaBlockOptions {
  readonly attention: EvaAttentionOptions;
  readonly mlp: MlpOptions;
  readonly mlpLayer: MlpLayer;
  readonly norm: NormLayer;
  /** Initial factor of the branches. @default {no factor} */
  readonly initValues?: number;
  /** Rate of stochastic depth. */
  readonly dropPath: number;
}

/** Queries, keys and values, each `[batch, tokens, dim]`. */
type Projections = (...args: Parameters<Layer>) => readonly [q: Tensor, k: Tensor, v: Tensor];

function separateProjections(scope: Scope, options: EvaAttentionOptions): Projections {
  const { dim, qkvBias: bias, keyBias } = options;
  const [q, k, v] = ["q_proj", "k_proj", "v_proj"].map((name) =>
    scope.linear(name, dim, dim, {
      ...TRUNCATED_NORMAL,
      bias: bias && (keyBias || name !== "k_proj"),
    })
  );
  return (x, context) => [q(x, context), k(x, context), v(x, context)];
}

function fusedProjections(scope: Scope, options: EvaAttentionOptions): Projections {
  const { dim, qkvBias, keyBias } = options;
  const split = (all: Tensor) =>
    [
      slice(all, 2, 0, dim),
      slice(all, 2, dim, 2 * dim),
      slice(all, 2, 2 * dim, 3 * dim),
    ] as const;
  const settings: LinearOptions = { ...TRUNCATED_NORMAL, bias: qkvBias && keyBias };
  const qkv = scope.linear("qkv", dim, 3 * dim, settings);
  if (!qkvBias || keyBias) return (x, context) => split(qkv(x, context));
  const [q, v] = ["q_bias", "v_bias"].map((name) => scope.parameter(name, [dim], zeros));
  const bias = concat([q, zerosLike(q), v], 0);
  return (x, context) => split(add(qkv(x, context), bias));
}

function evaAttention(scope: Scope, options: EvaAttentionOptions): Layer {
  const { dim, projBias: bias, projDrop, outputStd, fused } = options;
  const project = (fused ? fusedProjections : separateProjections)(scope, options);
  const mix = attentionMixer(scope, options);
  const norm = options.scaleNorm?.(scope.child("norm"), dim);
  const weightInitializer = truncatedNormal(outputStd);
  const proj = scope.linear("proj", dim, dim, { ...TRUNCATED_NORMAL, weightInitializer, bias });
  return (x, context) => {
    const mixed = mix(project(x, context), context);
    const y = proj(norm?.(mixed, context) ?? mixed, context);
    return context.training ? context.random.dropout(y, projDrop) : y;
  };
}

/** Attention, then the network, each after a norm and times a learned factor. */
export function evaBlock(scope: Scope, options: EvaBlockOptions): Layer {
  const { attention: { dim }, norm, initValues, dropPath: rate } = options;
  const norm1 = norm(scope.child("norm1"), dim);
  const attend = evaAttention(scope.child("attn"), options.attention);
  const norm2 = norm(scope.child("norm2"), dim);
  const transform = options.mlpLayer(scope.child("mlp"), options.mlp);
  const scale = (name: string): (x: Tensor) => Tensor => {
    if (initValues === undefined) return (x) => x;
    const gamma = scope.parameter(name, [dim], constantInitializer(initValues));
    return (x) => mul(x, gamma);
  };
  const [scale1, scale2] = [scale("gamma_1"), scale("gamma_2")];
  const network = namedLayer(
    scope,
    "mlp_branch",
    dim,
    (x, context) => dropPath(scale2(transform(norm2(x, context), context)), rate, context),
  );
  return (x, context) => {
    const attended = scale1(attend(norm1(x, context), context));
    const y = add(x, dropPath(attended, rate, context));
    return add(y, network(y, context));
  };
}

/** Attention, then the network, each before a norm. */
export function evaBlockPostNorm(scope: Scope, options: EvaBlockOptions): Layer {
  const { attention: { dim }, norm, dropPath: rate } = options;
  const attend = evaAttention(scope.child("attn"), options.attention);
  const norm1 = norm(scope.child("norm1"), dim);
  const transform = options.mlpLayer(scope.child("mlp"), options.mlp);
  const norm2 = norm(scope.child("norm2"), dim);
  const network = namedLayer(
    scope,
    "mlp_branch",
    dim,
    (x, context) => dropPath(norm2(transform(x, context), context), rate, context),
  );
  return (x, context) => {
    const y = add(x, dropPath(norm1(attend(x, context), context), rate, context));
    return add(y, network(y, context));
  };
}
