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

/** timm's default. */
const GROUPS = 32;

/**
 * `torch.nn.GroupNorm` (Wu & He 2018) with 32 groups: each group of channels of a map gets mean 0
 * and variance 1, then each channel its scale and shift.
 * @param scope Where the parameters `weight` and `bias` stand.
 * @param channels Number of channels, a multiple of 32.
 * @param options Epsilon, by default 1e-5, and the initial weight.
 * @throws {RangeError} if channels do not divide into groups.
 */
export const groupNorm: NormLayer = (scope, channels, options = {}): Layer => {
  const { eps = 1e-5, weightInitializer = ones } = options;
  if (channels % GROUPS !== 0) {
    throw new RangeError(`expected channels in ${GROUPS} groups, received ${channels}`);
  }
  const weight = scope.parameter("weight", [channels], weightInitializer);
  const bias = scope.parameter("bias", [channels], zeros);
  return (x) => {
    const [batch, , height, width] = x.shape;
    const size = channels / GROUPS * Number(height) * Number(width);
    const groups = reshape(x, [batch, GROUPS, size]);
    const [one, zero] = [1, 0].map((value) => expand(scalar(value), [size]));
    const normal = layerNormalization(groups, one, zero, eps);
    return channelAffine(reshape(normal, x.shape), weight, bias);
  };
};
