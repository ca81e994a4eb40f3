/**
 * The blocks of ResNets and what halves their maps.
 * @module
 */
import { constant } from "../../ir/create.ts";
import { add } from "../../ir/elementwise.ts";
import { averagePool, conv, pad2d } from "../../ir/windows.ts";
import { zeros } from "../initializers.ts";
import type { ForwardContext, Layer, Scope } from "../scope.ts";
import type { AttentionModule } from "./_attention_modules.ts";
import type { Activation } from "./activations.ts";
import { conv2d, type Conv2dOptions, kaimingNormal } from "./convolution.ts";
import { dropPath } from "./drop_path.ts";
import type { NormLayer } from "./norms.ts";
import type { Tensor } from "../../ir/node.ts";

/** Halves maps without the aliasing of a convolution that takes every second window. */
export type AntiAliasing = (x: Tensor) => Tensor;

/** Means of windows of 2 by 2. */
export function averagePool2(x: Tensor): Tensor {
  return averagePool(x, 2);
}

/**
 * Every second value after a binomial filter (Zhang 2019), timm's BlurPool2d.
 * @param border What lies around the maps: zeros, or the maps mirrored.
 */
export function blurPool(x: Tensor, border: "constant" | "reflect" = "reflect"): Tensor {
  const channels = Number(x.shape[1]);
  const filter = [1, 2, 1].flatMap((row) => [1, 2, 1].map((column) => row * column / 16));
  const weight = constant(Array(channels).fill(filter).flat(), [channels, 1, 3, 3]);
  return conv(pad2d(x, 1, border), weight, { stride: 2, groups: channels });
}

/** What all blocks of a network have in common. */
export interface ResNetOptions {
  readonly activation: Activation;
  readonly norm: NormLayer;
  /** @default {none} */
  readonly attention?: AttentionModule;
  /** @default {convolutions take every second window} */
  readonly antiAliasing?: AntiAliasing;
  /** Number of groups of the middle convolution of a bottleneck. */
  readonly cardinality: number;
  /** Width of a bottleneck where planes are 64. */
  readonly baseWidth: number;
  /** Divides the width between the first two convolutions. */
  readonly reduceFirst: number;
  /** Whether shortcuts halve maps by means before their convolution. */
  readonly averageDown: boolean;
  /** Window of the convolution of shortcuts that halve maps. */
  readonly downKernel: number;
  /** Whether a block starts as its shortcut. */
  readonly zeroInitLast: boolean;
}

/** What single blocks differ in. */
export interface BlockSizes {
  /** Channels that come in. */
  readonly inputs: number;
  /** Channels that go out, before the block's expansion. */
  readonly planes: number;
  readonly stride: 1 | 2;
  /** Rate of stochastic depth in training. */
  readonly dropPath: number;
  /** Channels after each convolution of a pruned bottleneck. @default {by the planes} */
  readonly pruned?: readonly [first: number, width: number, outputs: number];
}

/** A kind of block. */
export interface ResNetBlock {
  /** Channels that go out for each plane. */
  readonly expansion: number;
  /** Declares what is beside the shortcut, up to the last normalisation. */
  branch(scope: Scope, sizes: BlockSizes, options: ResNetOptions): Layer;
}

/** Declares a convolution without bias and its normalisation. */
export function convNorm(
  [conv, norm]: readonly [Scope, Scope],
  options: Conv2dOptions,
  normalise: (scope: Scope, channels: number) => Layer,
): Layer {
  const convolution = conv2d(conv, { bias: false, weightInitializer: kaimingNormal, ...options });
  const normalisation = normalise(norm, options.outputs);
  return (x, context) => normalisation(convolution(x, context), context);
}

/** Declares convolutions of a branch, numbered as timm does. */
export function numbered(scope: Scope, { norm, zeroInitLast }: ResNetOptions) {
  return (number: number, options: Conv2dOptions, last = false) =>
    convNorm(
      [scope.child(`conv${number}`), scope.child(`bn${number}`)],
      options,
      (place, count) =>
        norm(place, count, last && zeroInitLast ? { weightInitializer: zeros } : {}),
    );
}

/** A convolution of 3 by 3 that may halve its maps: on its own, or by what follows it. */
function halving(stride: 1 | 2, { activation, antiAliasing }: ResNetOptions) {
  const separate = stride === 2 && antiAliasing;
  return {
    window: { kernel: 3, padding: 1, stride: separate ? 1 : stride },
    after: (x: Tensor) => separate ? separate(activation(x)) : activation(x),
  };
}

/** Two convolutions of 3 by 3. */
export const basicBlock: ResNetBlock = {
  expansion: 1,
  branch(scope, { inputs, planes, stride }, options) {
    const declare = numbered(scope, options);
    const { window, after } = halving(stride, options);
    const first = Math.floor(planes / options.reduceFirst);
    const conv1 = declare(1, { inputs, outputs: first, ...window });
    const conv2 = declare(2, { inputs: first, outputs: planes, kernel: 3, padding: 1 }, true);
    return (x, context) => conv2(after(conv1(x, context)), context);
  },
};

/** A convolution of 3 by 3 between two that change the width. */
export const bottleneck: ResNetBlock = {
  expansion: 4,
  branch(scope, { inputs, planes, stride, pruned }, options) {
    const { activation, cardinality, baseWidth, reduceFirst } = options;
    const declare = numbered(scope, options);
    const { window, after } = halving(stride, options);
    const whole = Math.floor(planes * (baseWidth / 64)) * cardinality;
    const [first, width, outputs] = pruned ??
      [Math.floor(whole / reduceFirst), whole, planes * 4];
    const conv1 = declare(1, { inputs, outputs: first, kernel: 1 });
    const conv2 = declare(2, { inputs: first, outputs: width, groups: cardinality, ...window });
    const conv3 = declare(3, { inputs: width, outputs, kernel: 1 }, true);
    return (x, context) => {
      const narrow = activation(conv1(x, context));
      return conv3(after(conv2(narrow, context)), context);
    };
  },
};

/** Declares a shortcut whose maps or channels differ from what comes in. */
function shortcut(
  scope: Scope,
  { inputs, outputs, stride }: { inputs: number; outputs: number; stride: 1 | 2 },
  { averageDown, downKernel, norm }: ResNetOptions,
): Layer {
  const places = (first: number) => [scope.child(`${first}`), scope.child(`${first + 1}`)] as const;
  if (!averageDown) {
    const kernel = stride === 1 ? 1 : downKernel;
    const padding = Math.floor((stride - 1 + kernel - 1) / 2);
    return convNorm(places(0), { inputs, outputs, kernel, stride, padding }, norm);
  }
  const project = convNorm(places(1), { inputs, outputs, kernel: 1 }, norm);
  if (stride === 1) return project;
  return (x, context) => {
    const means = averagePool(x, 2, { ceilMode: true, countIncludePad: false });
    return project(means, context);
  };
}

/**
 * Declares a block: its branch, attention, and the shortcut that is added.
 * @param scope Place of the block.
 * @param block Kind of block.
 * @param options Sizes of this block and what is common to all.
 */
export function residual(
  scope: Scope,
  block: ResNetBlock,
  options: BlockSizes & ResNetOptions,
): Layer {
  const { inputs, planes, stride, activation, attention, pruned } = options;
  const outputs = pruned?.[2] ?? planes * block.expansion;
  const branch = block.branch(scope, options, options);
  const attend = attention?.(scope.child("se"), planes * block.expansion);
  const same = stride === 1 && inputs === outputs;
  const down = same
    ? undefined
    : shortcut(scope.child("downsample"), { inputs, outputs, stride }, options);
  return (x: Tensor, context: ForwardContext) => {
    const main = branch(x, context);
    const kept = dropPath(attend?.(main, context) ?? main, options.dropPath, context);
    return activation(add(kept, down?.(x, context) ?? x));
  };
}
