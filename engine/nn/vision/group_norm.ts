/**
 * Group normalisation of maps.
 * @module
 */
import { scalar } from "../../ir/create.ts";
import { expand, reshape } from "../../ir/layout.ts";
import { layerNormalization } from "../../ir/matrix.ts";
import { ones, zeros } from "../initializers.ts";
import type { Layer } from "../scope.ts";
import { channelAffine } from "./batch_norm.ts";
import type { NormLayer } from "./norms.ts";

/**
 * `torch.nn.GroupNorm` (Wu & He 2018): each group of channels of a map gets mean 0 and variance 1,
 * then each channel its scale and shift. Epsilon is 1e-5 by default.
 * @param groupsOf Number of groups for a number of channels.
 */
function groupNormBy(groupsOf: (channels: number) => number): NormLayer {
  return (scope, channels, { eps = 1e-5, weightInitializer = ones } = {}): Layer => {
    const groups = groupsOf(channels);
    if (channels % groups !== 0) {
      throw new RangeError(`expected channels in ${groups} groups, received ${channels}`);
    }
    const weight = scope.parameter("weight", [channels], weightInitializer);
    const bias = scope.parameter("bias", [channels], zeros);
    return (x) => {
      const [batch, , height, width] = x.shape;
      const size = channels / groups * Number(height) * Number(width);
      const [one, zero] = [1, 0].map((value) => expand(scalar(value), [size]));
      const normal = layerNormalization(reshape(x, [batch, groups, size]), one, zero, eps);
      return channelAffine(reshape(normal, x.shape), weight, bias);
    };
  };
}

/**
 * Group normalisation with timm's default of 32 groups.
 * @throws {RangeError} if channels do not divide into groups.
 */
export const groupNorm: NormLayer = groupNormBy(() => 32);

/**
 * Group normalisation with groups of one size.
 * @param size Channels of a group.
 */
export function groupNormOf(size: number): NormLayer {
  return groupNormBy((channels) => {
    if (channels % size === 0) return channels / size;
    throw new RangeError(`expected channels in groups of ${size}, received ${channels}`);
  });
}
