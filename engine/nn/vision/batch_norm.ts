/**
 * Batch normalisation in evaluation mode: a scale and a shift per channel.
 * @module
 */
import { applyOne } from "../../ir/create.ts";
import { add, div, mul, sqrt, sub } from "../../ir/elementwise.ts";
import { reshape } from "../../ir/layout.ts";
import type { Tensor } from "../../ir/node.ts";
import { ones, zeros } from "../initializers.ts";
import { frozen, type Layer } from "../scope.ts";
import type { NormLayer } from "./norms.ts";

/**
 * `x · scale + shift`, channel by channel. A convolution just before takes both into its weight and
 * bias, so that its maps are not gone through again.
 * @param x Maps `[batch, channels, height, width]`.
 * @param scale `[channels]`.
 * @param shift `[channels]`.
 */
export function channelAffine(x: Tensor, scale: Tensor, shift: Tensor): Tensor {
  const channels = scale.shape[0];
  const { node } = x;
  if (node.op !== "Conv") {
    return add(mul(x, reshape(scale, [channels, 1, 1])), reshape(shift, [channels, 1, 1]));
  }
  const [maps, weight, bias] = node.inputs;
  const scaled = mul(weight!, reshape(scale, [channels, 1, 1, 1]));
  const shifted = bias ? add(mul(bias, scale), shift) : shift;
  return applyOne("Conv", [maps, scaled, shifted], node.attributes);
}

/**
 * `torch.nn.BatchNorm2d` in evaluation mode, also while training: the parameters `weight` and
 * `bias` train, the statistics `running_mean` and `running_var` never change.
 * @param scope Where the parameters stand.
 * @param channels Number of channels.
 * @param options Epsilon, by default 1e-5, and the initial weight.
 */
export const batchNorm: NormLayer = (scope, channels, options = {}): Layer => {
  const { eps = 1e-5, weightInitializer = ones } = options;
  const weight = scope.parameter("weight", [channels], weightInitializer);
  const bias = scope.parameter("bias", [channels], zeros);
  const statistics = frozen(scope);
  const mean = statistics.parameter("running_mean", [channels], zeros);
  const variance = statistics.parameter("running_var", [channels], ones);
  const scale = div(weight, sqrt(add(variance, eps)));
  const shift = sub(bias, mul(mean, scale));
  return (x) => channelAffine(x, scale, shift);
};
