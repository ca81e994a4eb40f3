/**
 * Batch normalisation: by the batch in training, by running statistics in evaluation.
 * @module
 */
import { applyOne } from "../../ir/create.ts";
import { add, cast, div, max, mul, sqrt, sub } from "../../ir/elementwise.ts";
import { reshape, sizeOfAxis } from "../../ir/layout.ts";
import { batchNormalization } from "../../ir/matrix.ts";
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
 * `torch.nn.BatchNorm2d` (Ioffe & Szegedy 2015). Training normalises by the statistics of the batch
 * and moves `running_mean` and `running_var` towards its mean and unbiased variance; evaluation
 * normalises by those. In a frozen scope, training does as evaluation.
 * @param scope Where the parameters stand.
 * @param channels Number of channels.
 * @param options Epsilon, by default 1e-5, initial weight, and momentum.
 */
export const batchNorm: NormLayer = (scope, channels, options = {}): Layer => {
  const { eps = 1e-5, weightInitializer = ones, momentum = 0.1 } = options;
  const weight = scope.parameter("weight", [channels], weightInitializer);
  const bias = scope.parameter("bias", [channels], zeros);
  const statistics = frozen(scope);
  const mean = statistics.parameter("running_mean", [channels], zeros);
  const variance = statistics.parameter("running_var", [channels], ones);
  const scale = div(weight, sqrt(add(variance, eps)));
  const shift = sub(bias, mul(mean, scale));
  const moved = (running: Tensor, batch: Tensor) =>
    add(mul(running, 1 - momentum), mul(batch, momentum));
  return (x, { training, update }) => {
    if (!training || !scope.trainable) return channelAffine(x, scale, shift);
    const batch = batchNormalization(x, weight, bias, eps);
    update?.(mean, moved(mean, batch.mean));
    update?.(variance, moved(variance, mul(batch.variance, besselFactor(x))));
    return batch.y;
  };
};

/** n / (n − 1) for the n values of a channel; 1 for a single value. */
function besselFactor(x: Tensor): Tensor {
  const [rows, , ...sides] = x.shape.map((_, axis) => cast(sizeOfAxis(x, axis), "float32"));
  const count = sides.reduce((product, side) => mul(product, side), rows);
  return div(count, max(sub(count, 1), 1));
}
