/**
 * The blocks of ConvNeXts.
 * @module
 */
import { add, div, max, mul, sqrt } from "../../ir/elementwise.ts";
import { reshape, transpose } from "../../ir/layout.ts";
import { reduceMean, reduceSumSquare } from "../../ir/matrix.ts";
import { constantInitializer, zeros } from "../initializers.ts";
import type { Layer, Scope } from "../scope.ts";
import type { Activation } from "./activations.ts";
import { conv2d } from "./convolution.ts";
import { dropPath } from "./drop_path.ts";
import { TRUNCATED_NORMAL } from "./mlp.ts";
import type { NormLayer } from "./norms.ts";

/** What all blocks of a network have in common. */
export interface ConvNeXtOptions {
  readonly activation: Activation;
  /** Norm over the channels of maps `[batch, channels, height, width]`. */
  readonly mapNorm: NormLayer;
  /** Norm over the last axis. */
  readonly norm: NormLayer;
  /** Whether the two layers of a block are convolutions, on maps, or linear, on the last axis. */
  readonly convMlp: boolean;
  /** Whether convolutions outside of these two layers have biases. */
  readonly convBias: boolean;
  /** Whether responses are normalised between the two layers. */
  readonly responseNorm: boolean;
  /** Initial factor of a block's branch; no factor where it is missing. */
  readonly layerScale?: number;
}

/** Axis of the channels, and axes of height and width. */
interface Axes {
  readonly channels: 1 | 3;
  readonly image: readonly [number, number];
}
const MAPS: Axes = { channels: 1, image: [2, 3] };
const CHANNELS_LAST: Axes = { channels: 3, image: [1, 2] };

const EPSILON = 1e-6;
/** Keeps the gradient of a root finite where a whole map is zero. */
const TINY = 1e-30;

/** Global response normalisation (Woo et al. 2023): channels compete by their norms. */
function globalResponseNorm(scope: Scope, width: number, axes: Axes): Layer {
  const vector = (name: string) => {
    const parameter = scope.parameter(name, [width], zeros);
    return axes.channels === 1 ? reshape(parameter, [width, 1, 1]) : parameter;
  };
  const [weight, bias] = [vector("weight"), vector("bias")];
  return (x) => {
    const squares = reduceSumSquare(x, { axes: axes.image, keepdims: true });
    const norms = sqrt(max(squares, TINY));
    const mean = reduceMean(norms, { axes: [axes.channels], keepdims: true });
    const factor = add(mul(div(norms, add(mean, EPSILON)), weight), 1);
    return add(mul(x, factor), bias); // x + weight · x · norm/mean + bias
  };
}

/** Declares `fc2(grn(act(fc1(x))))` with four times the width in between. */
function perceptron(scope: Scope, width: number, options: ConvNeXtOptions): Layer {
  const { convMlp, activation, responseNorm } = options;
  const layer = (name: string, inputs: number, outputs: number) =>
    convMlp
      ? conv2d(scope.child(name), { inputs, outputs, kernel: 1, ...TRUNCATED_NORMAL })
      : scope.linear(name, inputs, outputs, TRUNCATED_NORMAL);
  const hidden = 4 * width;
  const fc1 = layer("fc1", width, hidden);
  const norm = responseNorm
    ? globalResponseNorm(scope.child("grn"), hidden, convMlp ? MAPS : CHANNELS_LAST)
    : undefined;
  const fc2 = layer("fc2", hidden, width);
  return (x, context) => {
    const active = activation(fc1(x, context));
    return fc2(norm?.(active, context) ?? active, context);
  };
}

/** What single blocks differ in. */
export interface BlockSizes {
  readonly width: number;
  /** Window of the depthwise convolution, an odd number. */
  readonly kernel: number;
  /** Rate of stochastic depth in training. */
  readonly dropPath: number;
}

/**
 * Declares a block (Liu et al. 2022): a convolution of each channel, a norm and two layers over the
 * channels, added to what came in.
 * @param scope Place of the block.
 * @param sizes Sizes of this block.
 * @param options What is common to all.
 */
export function convNeXtBlock(scope: Scope, sizes: BlockSizes, options: ConvNeXtOptions): Layer {
  const { width, kernel } = sizes;
  const { convMlp, convBias, layerScale } = options;
  const convolution = conv2d(scope.child("conv_dw"), {
    inputs: width,
    outputs: width,
    kernel,
    padding: (kernel - 1) / 2,
    groups: width,
    ...TRUNCATED_NORMAL,
    bias: convBias,
  });
  const norm = (convMlp ? options.mapNorm : options.norm)(scope.child("norm"), width);
  const mlp = perceptron(scope.child("mlp"), width, options);
  const gamma = layerScale === undefined
    ? undefined
    : scope.parameter("gamma", [width], constantInitializer(layerScale));
  return (x, context) => {
    const maps = convolution(x, context);
    const inner = (y: typeof x) => mlp(norm(y, context), context);
    const branch = convMlp
      ? inner(maps)
      : transpose(inner(transpose(maps, [0, 2, 3, 1])), [0, 3, 1, 2]);
    const scaled = gamma ? mul(branch, reshape(gamma, [width, 1, 1])) : branch;
    return add(dropPath(scaled, sizes.dropPath, context), x);
  };
}
