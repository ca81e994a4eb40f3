/**
 * Channel attention of ResNets: a factor for each channel of a map, computed from the means of all.
 * @module
 */
import { mul, relu, sigmoid } from "../../ir/elementwise.ts";
import { reshape } from "../../ir/layout.ts";
import { reduceMean } from "../../ir/matrix.ts";
import type { Tensor } from "../../ir/node.ts";
import { conv } from "../../ir/windows.ts";
import { torchDefault } from "../initializers.ts";
import { type Layer, linear, type Scope } from "../scope.ts";
import type { ArgumentReader } from "./arguments.ts";
import { kaimingNormal } from "./convolution.ts";

/** Declares the attention of a map with `channels` channels, directly in the scope. */
export type AttentionModule = (scope: Scope, channels: number) => Layer;

/** Multiplies the channels of maps with factors `[batch, channels]`. */
function gated(x: Tensor, factors: (means: Tensor) => Tensor): Tensor {
  const [batch, channels] = x.shape;
  const means = reduceMean(x, { axes: [2, 3] });
  return mul(x, reshape(factors(means), [batch, channels, 1, 1]));
}

/**
 * Squeeze and excitation (Hu et al. 2018): two layers with few channels in between.
 * @param ratio Share of the channels that is left, rounded to a multiple of 8.
 */
function squeezeExcitation(ratio: number): AttentionModule {
  return (scope, channels) => {
    const reduced = Math.max(8, Math.floor((channels * ratio + 4) / 8) * 8);
    // Parameters of convolutions with a window of one entry.
    const layer = (name: string, inputs: number, outputs: number) => {
      const place = scope.child(name);
      const weight = place.parameter("weight", [outputs, inputs, 1, 1], kaimingNormal);
      const bias = place.parameter("bias", [outputs], torchDefault(inputs));
      return (x: Tensor) => linear(x, reshape(weight, [outputs, inputs]), bias);
    };
    const fc1 = layer("fc1", channels, reduced);
    const fc2 = layer("fc2", reduced, channels);
    return (x) => gated(x, (means) => sigmoid(fc2(relu(fc1(means)))));
  };
}

/**
 * Efficient channel attention (Wang et al. 2020): a convolution along the channels, whose size
 * follows from their number before pruning.
 */
export const efficientChannelAttention: AttentionModule = (scope, channels) => {
  const size = Math.trunc((Math.log2(channels) + 1) / 2);
  const kernel = Math.max(size % 2 === 1 ? size : size + 1, 3);
  const weight = scope.child("conv").parameter("weight", [1, 1, kernel], torchDefault(kernel));
  const padding = [0, (kernel - 1) / 2] as const;
  return (x) =>
    gated(x, (means) => {
      const row = reshape(means, [x.shape[0], 1, 1, x.shape[1]]);
      return sigmoid(conv(row, reshape(weight, [1, 1, 1, kernel]), { padding }));
    });
};

/** Channel attention by timm's names. */
const ATTENTION_MODULES: Readonly<Record<string, AttentionModule>> = {
  eca: efficientChannelAttention,
  EcaModule: efficientChannelAttention,
  se: squeezeExcitation(1 / 16),
  SEModule: squeezeExcitation(1 / 16),
};

/** A module with its `rd_ratio`, as Python's `partial(SEModule, rd_ratio=0.25)`. */
function isPartial(value: unknown): value is { readonly rd_ratio: number } {
  const { name, rd_ratio } = Object(value);
  return (name === "se" || name === "SEModule") && typeof rd_ratio === "number" && rd_ratio > 0;
}

/**
 * Reads an argument that names a module: timm's name, or `{name, rd_ratio}`.
 * @param args The arguments.
 * @param name Name of the argument.
 * @returns The module, or `undefined` where the argument is missing or `null`.
 */
export function attentionArgument(
  args: ArgumentReader,
  name: string,
): AttentionModule | undefined {
  const value = args.raw(name) ?? undefined;
  if (value === undefined) return undefined;
  return isPartial(value)
    ? squeezeExcitation(value.rd_ratio)
    : args.named(name, ATTENTION_MODULES, "");
}
