/**
 * Normalisation layers under timm's names, over the last axis and over the channels of maps.
 * @module
 */
import { add, div, mul, pow, sqrt, sub } from "../../ir/elementwise.ts";
import { reshape, transpose } from "../../ir/layout.ts";
import { layerNormalization, reduceMean } from "../../ir/matrix.ts";
import type { Tensor } from "../../ir/node.ts";
import { type Initializer, ones, zeros } from "../initializers.ts";
import type { Layer, Scope } from "../scope.ts";
import { type ArgumentReader, oneOf } from "./arguments.ts";

/** Options of a {@linkcode NormLayer}. */
export interface NormOptions {
  /** Added to the variance. @default {what the layer's class has, 1e-6} */
  readonly eps?: number;
  /** Initial weight. @default {ones} */
  readonly weightInitializer?: Initializer;
  /** Share of a batch in running statistics, where there are any. @default {0.1} */
  readonly momentum?: number;
}

/** Declares a normalisation of `channels` channels with the parameters `weight`, and `bias` if any. */
export type NormLayer = (scope: Scope, channels: number, options?: NormOptions) => Layer;

/** Default of all of timm's normalisations over channels. */
const EPSILON = 1e-6;

/** `torch.nn.LayerNorm` over the last axis, with timm's eps. */
export const layerNorm: NormLayer = (scope, channels, options = {}): Layer => {
  const { eps = EPSILON, weightInitializer = ones } = options;
  const weight = scope.parameter("weight", [channels], weightInitializer);
  const bias = scope.parameter("bias", [channels], zeros);
  return (x) => layerNormalization(x, weight, bias, eps);
};

/** `layerNorm` over the channels of maps `[batch, channels, height, width]`. */
export const layerNorm2d: NormLayer = (scope, channels, options): Layer => {
  const norm = layerNorm(scope, channels, options);
  return (x, context) => transpose(norm(transpose(x, [0, 2, 3, 1]), context), [0, 3, 1, 2]);
};

/**
 * `x / √(mean(x²) + eps)` times the weight (Zhang & Sennrich 2019), in the operators that the
 * runtime fuses to one.
 */
function rootMeanSquare(axis: -1 | 1): NormLayer {
  return (scope, channels, { eps = EPSILON, weightInitializer = ones } = {}) => {
    const weight = alongAxis(scope.parameter("weight", [channels], weightInitializer), axis);
    return (x) => {
      const square = reduceMean(pow(x, 2), { axes: [axis], keepdims: true });
      return mul(div(x, sqrt(add(square, eps))), weight);
    };
  };
}

/** `x / √(var(x) + eps)` times the weight: timm's SimpleNorm, with the unbiased variance. */
function simple(axis: -1 | 1): NormLayer {
  return (scope, channels, { eps = EPSILON, weightInitializer = ones } = {}) => {
    const weight = alongAxis(scope.parameter("weight", [channels], weightInitializer), axis);
    return (x) => {
      const mean = reduceMean(x, { axes: [axis], keepdims: true });
      const biased = reduceMean(pow(sub(x, mean), 2), { axes: [axis], keepdims: true });
      const variance = mul(biased, channels / (channels - 1));
      return mul(div(x, sqrt(add(variance, eps))), weight);
    };
  };
}

/** A vector over channels, laid along the axis on which they stand. */
function alongAxis(weight: Tensor, axis: -1 | 1): Tensor {
  return axis === -1 ? weight : reshape(weight, [weight.shape[0], 1, 1]);
}

/** timm's RmsNorm, over the last axis. */
export const rmsNorm: NormLayer = rootMeanSquare(-1);
/** timm's RmsNorm2d, over the channels of maps. */
export const rmsNorm2d: NormLayer = rootMeanSquare(1);
/** timm's SimpleNorm, over the last axis. */
export const simpleNorm: NormLayer = simple(-1);
/** timm's SimpleNorm2d, over the channels of maps. */
export const simpleNorm2d: NormLayer = simple(1);

/** Normalisations over the last axis, by timm's names. */
export const NORMS: Readonly<Record<string, NormLayer>> = {
  layernorm: layerNorm,
  layernormfp32: layerNorm,
  rmsnorm: rmsNorm,
  rmsnormfp32: rmsNorm,
  simplenorm: simpleNorm,
  simplenormfp32: simpleNorm,
};

/** Normalisations over the channels of maps, by timm's names. */
export const MAP_NORMS: Readonly<Record<string, NormLayer>> = {
  layernorm2d: layerNorm2d,
  layernorm2dfp32: layerNorm2d,
  rmsnorm2d: rmsNorm2d,
  rmsnorm2dfp32: rmsNorm2d,
  simplenorm2d: simpleNorm2d,
  simplenorm2dfp32: simpleNorm2d,
};

/** A layer with its `eps`, as a table of models writes Python's `partial(LayerNorm, eps=1e-5)`. */
interface PartialNorm {
  readonly name: string;
  readonly eps: number;
}

function isPartialNorm(value: unknown): value is PartialNorm {
  const { name, eps } = Object(value);
  return typeof name === "string" && typeof eps === "number" && eps > 0;
}

/**
 * Reads an argument that names a normalisation: timm's name in upper or lower case, with or
 * without underscores (`timm.layers.get_norm_layer`), or `{name, eps}`.
 * @param args The arguments.
 * @param name Name of the argument.
 * @param norms The normalisations that are supported, by name.
 * @returns The layer, or `undefined` where the argument is missing or `null`.
 * @throws {RangeError} if it names none of `norms`.
 */
export function normArgument(
  args: ArgumentReader,
  name: string,
  norms: Readonly<Record<string, NormLayer>>,
): NormLayer | undefined {
  const value = args.raw(name) ?? undefined;
  if (value === undefined) return undefined;
  const given = isPartialNorm(value) ? value : { name: String(value), eps: undefined };
  const key = given.name.replaceAll("_", "").toLowerCase();
  if (!Object.hasOwn(norms, key)) throw args.refuse(name, oneOf(Object.keys(norms)));
  const norm = norms[key];
  const { eps } = given;
  return eps === undefined
    ? norm
    : (scope, channels, options) => norm(scope, channels, { eps, ...options });
}
