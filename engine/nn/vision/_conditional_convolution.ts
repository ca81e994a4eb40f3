/**
 * Convolutions whose kernels are mixed for each sample (CondConv, Yang et al. 2019).
 * @module
 */
import { mul } from "../../ir/elementwise.ts";
import { reshape, transpose } from "../../ir/layout.ts";
import { matMul, reduceSum } from "../../ir/matrix.ts";
import type { Tensor } from "../../ir/node.ts";
import { conv } from "../../ir/windows.ts";
import type { Scope } from "../scope.ts";
import { fanOutNormal, samePadding } from "./convolution.ts";

/** From maps, and the share of each kernel in a sample's, `[batch, experts]`, to maps. */
export type ConditionalLayer = (x: Tensor, shares: Tensor) => Tensor;

/**
 * Declares a convolution with windows of one entry over all channels; its parameter `weight` is
 * `[experts, outputs · inputs]`.
 * @param scope Where the parameter stands.
 * @param channels Channels that come in and go out.
 * @param experts Number of kernels.
 */
export function conditionalPointwise(
  scope: Scope,
  [inputs, outputs]: readonly [number, number],
  experts: number,
): ConditionalLayer {
  const weight = scope.parameter("weight", [experts, outputs * inputs], fanOutNormal(outputs));
  return (x, shares) => {
    const [batch, , height, width] = x.shape;
    const kernels = reshape(matMul(shares, weight), [batch, outputs, inputs]);
    const entries = reshape(x, [batch, inputs, Number(height) * Number(width)]);
    return reshape(matMul(kernels, entries), [batch, outputs, height, width]);
  };
}

/** Windows of a depthwise convolution. */
export interface DepthwiseSizes {
  readonly channels: number;
  readonly kernel: number;
  readonly stride: 1 | 2;
  /** Whether maps are padded as in TensorFlow. */
  readonly same: boolean;
}

/**
 * Declares a convolution of each channel for itself; its parameter `weight` is
 * `[experts, channels · height · width]`. All kernels are applied, and their maps are mixed.
 * @param scope Where the parameter stands.
 * @param sizes Windows.
 * @param experts Number of kernels.
 */
export function conditionalDepthwise(
  scope: Scope,
  { channels, kernel, stride, same }: DepthwiseSizes,
  experts: number,
): ConditionalLayer {
  const area = kernel ** 2;
  const weight = scope.parameter("weight", [experts, channels * area], fanOutNormal(area));
  const even = Math.floor((stride - 1 + kernel - 1) / 2);
  return (x, shares) => {
    const byChannel = transpose(reshape(weight, [experts, channels, area]), [1, 0, 2]);
    const kernels = reshape(byChannel, [channels * experts, 1, kernel, kernel]);
    const padding = same ? samePadding(x, [kernel, kernel], { stride, dilation: 1 }) : even;
    const maps = conv(x, kernels, { stride, padding, groups: channels });
    const [batch, , height, width] = maps.shape;
    const apart = reshape(maps, [batch, channels, experts, Number(height) * Number(width)]);
    const mixed = reduceSum(mul(apart, reshape(shares, [batch, 1, experts, 1])), { axes: [2] });
    return reshape(mixed, [batch, channels, height, width]);
  };
}
