/**
 * What weighs the channels of maps in EfficientNets, by what all of the map holds.
 * @module
 */
import { add, mul, sigmoid } from "../../ir/elementwise.ts";
import { reshape, transpose } from "../../ir/layout.ts";
import { matMul, reduceMean, softmax } from "../../ir/matrix.ts";
import type { Tensor } from "../../ir/node.ts";
import { zeros } from "../initializers.ts";
import { type Layer, linear, type Scope } from "../scope.ts";
import { roundHalfEven } from "./_efficientnet_definition.ts";
import type { Activation } from "./activations.ts";
import { fanOutNormal } from "./convolution.ts";
import { layerNorm } from "./norms.ts";

/** Sizes of a gate. */
export interface GateSizes {
  readonly channels: number;
  /** Share of the channels that is left in between. */
  readonly ratio: number;
  readonly activation: Activation;
}

/** Declares a factor for each channel of maps, directly in the scope. */
export type Gate = (scope: Scope, sizes: GateSizes) => Layer;

/** A linear map with the parameters of a convolution of one entry. */
function pointwise(scope: Scope, inputs: number, outputs: number): (x: Tensor) => Tensor {
  const weight = scope.parameter("weight", [outputs, inputs, 1, 1], fanOutNormal(outputs));
  const bias = scope.parameter("bias", [outputs], zeros);
  return (x) => linear(x, reshape(weight, [outputs, inputs]), bias);
}

/** Multiplies channels with the sigmoid of values `[batch, channels]`. */
function gated(x: Tensor, values: Tensor): Tensor {
  const [batch, channels] = x.shape;
  return mul(x, reshape(sigmoid(values), [batch, channels, 1, 1]));
}

/** Squeeze and excitation (Hu et al. 2018): from the means of all channels. */
export const squeezeExcite: Gate = (scope, { channels, ratio, activation }): Layer => {
  const reduced = roundHalfEven(channels * ratio);
  const reduce = pointwise(scope.child("conv_reduce"), channels, reduced);
  const expand = pointwise(scope.child("conv_expand"), reduced, channels);
  return (x) => gated(x, expand(activation(reduce(reduceMean(x, { axes: [2, 3] })))));
};

/** Global context (Cao et al. 2019): from means that attention weighs. */
export const globalContext: Gate = (scope, { channels, ratio, activation }): Layer => {
  const reduced = Math.max(1, Math.floor(channels * ratio + 0.5));
  const attention = scope.child("conv_attn");
  const weight = attention.parameter("weight", [1, channels, 1, 1], fanOutNormal(1));
  const bias = attention.parameter("bias", [1], zeros);
  const network = scope.child("mlp_scale");
  const fc1 = pointwise(network.child("fc1"), channels, reduced);
  const norm = layerNorm(network.child("norm"), reduced);
  const fc2 = pointwise(network.child("fc2"), reduced, channels);
  return (x, context) => {
    const [batch, , height, width] = x.shape;
    const entries = reshape(x, [batch, channels, Number(height) * Number(width)]);
    const scores = add(matMul(reshape(weight, [1, channels]), entries), bias);
    const means = matMul(entries, transpose(softmax(scores))); // [batch, channels, 1]
    const hidden = fc1(reshape(means, [batch, channels]));
    return gated(x, fc2(activation(norm(hidden, context))));
  };
};
