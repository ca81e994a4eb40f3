/**
 * The blocks of EfficientNets.
 * @module
 */
import { add, mul, sigmoid } from "../../ir/elementwise.ts";
import { concat, reshape } from "../../ir/layout.ts";
import { slice } from "../../ir/indexing.ts";
import { reduceMean } from "../../ir/matrix.ts";
import type { Tensor } from "../../ir/node.ts";
import { type Initializer, normal, zeros } from "../initializers.ts";
import { type ForwardContext, type Layer, linear, type Scope } from "../scope.ts";
import { type BlockDefinition, type BlockKind, roundHalfEven } from "./_efficientnet_definition.ts";
import type { AntiAliasing } from "./_resnet_blocks.ts";
import { type Activation, activation } from "./activations.ts";
import { conv2d } from "./convolution.ts";
import { dropPath } from "./drop_path.ts";
import { makeDivisible } from "./make_divisible.ts";
import type { NormLayer } from "./norms.ts";

/** What all blocks of a network have in common. */
export interface EfficientNetOptions {
  readonly activation: Activation;
  readonly norm: NormLayer;
  /** Whether maps are padded as in TensorFlow. */
  readonly same: boolean;
  /** @default {convolutions take every second window} */
  readonly antiAliasing?: AntiAliasing;
}

/** What single blocks differ in. */
export interface BlockSizes {
  readonly definition: BlockDefinition;
  readonly inputs: number;
  readonly outputs: number;
  /** Channels that the width inside is counted from. */
  readonly countedFrom: number;
  readonly stride: 1 | 2;
  /** Rate of stochastic depth in training. */
  readonly dropPath: number;
}

/** Sizes of a convolution without bias. */
interface ConvSizes {
  readonly inputs: number;
  readonly outputs: number;
  /** Windows; several share the channels. */
  readonly kernels: readonly number[];
  readonly stride?: 1 | 2;
  /** @default {1} */
  readonly groups?: number;
}

/** Normal by the weights that lead from an entry, as TensorFlow's EfficientNets start. */
function fanOutNormal(groups: number): Initializer {
  return (shape, random) => {
    const [outputs, , height, width] = shape;
    const fanOut = Math.floor(outputs * height * width / groups);
    return normal(Math.sqrt(2 / fanOut))(shape, random);
  };
}

/** Declares one convolution, or one for each of several windows, that share the channels. */
function convolution(scope: Scope, sizes: ConvSizes, same: boolean): Layer {
  const { inputs, outputs, kernels, stride = 1, groups = 1 } = sizes;
  const single = (place: Scope, part: Omit<ConvSizes, "kernels"> & { kernel: number }) =>
    conv2d(place, {
      ...part,
      stride,
      padding: same ? "same" : Math.floor((stride - 1 + part.kernel - 1) / 2),
      bias: false,
      weightInitializer: fanOutNormal(part.groups ?? 1),
    });
  if (kernels.length === 1) return single(scope, { inputs, outputs, kernel: kernels[0], groups });
  const [from, to] = [inputs, outputs].map((channels) => shares(channels, kernels.length));
  const parts = kernels.map((kernel, index) =>
    single(scope.child(`${index}`), {
      inputs: from[index],
      outputs: to[index],
      kernel,
      groups: groups === inputs ? from[index] : 1,
    })
  );
  return (x, context) => {
    let start = 0;
    const maps = parts.map((part, index) => {
      const end = start + from[index];
      const share = slice(x, 1, start, end);
      start = end;
      return part(share, context);
    });
    return concat(maps, 1);
  };
}

/** Divides channels evenly; the first share gets what is left. */
function shares(channels: number, count: number): readonly number[] {
  const share = Math.floor(channels / count);
  return Array.from({ length: count }, (_, i) => i === 0 ? channels - share * (count - 1) : share);
}

/** A convolution, a normalisation, and an activation function where there is one. */
export function convNormAct(
  [conv, norm]: readonly [Scope, Scope],
  sizes: ConvSizes,
  options: EfficientNetOptions,
  act?: Activation,
): Layer {
  const maps = convolution(conv, sizes, options.same);
  const normalise = options.norm(norm, sizes.outputs);
  return (x, context) => {
    const y = normalise(maps(x, context), context);
    return act ? act(y) : y;
  };
}

/** Squeeze and excitation (Hu et al. 2018): a factor for each channel, from the means of all. */
function squeezeExcite(
  scope: Scope,
  [channels, reduced]: readonly [number, number],
  act: Activation,
): Layer {
  const layer = (name: string, inputs: number, outputs: number) => {
    const place = scope.child(name);
    // Parameters of convolutions with a window of one entry.
    const weight = place.parameter("weight", [outputs, inputs, 1, 1], fanOutNormal(1));
    const bias = place.parameter("bias", [outputs], zeros);
    return (x: Tensor) => linear(x, reshape(weight, [outputs, inputs]), bias);
  };
  const reduce = layer("conv_reduce", channels, reduced);
  const expand = layer("conv_expand", reduced, channels);
  return (x) => {
    const factors = sigmoid(expand(act(reduce(reduceMean(x, { axes: [2, 3] })))));
    return mul(x, reshape(factors, [x.shape[0], channels, 1, 1]));
  };
}

/** How many groups channels have in groups of a size, 0 standing for one group. */
function groupsOf(size: number, channels: number): number {
  if (size === 0) return 1;
  if (channels % size === 0) return channels / size;
  throw new RangeError(
    `expected argument "group_size" of efficientnet to divide channels, received ${size} for ` +
      `${channels}`,
  );
}

/** Layers of a block, and what halves their maps, one after another. */
function chain(layers: readonly (Layer | undefined)[]): Layer {
  return (x, context) => layers.reduce<Tensor>((y, layer) => layer?.(y, context) ?? y, x);
}

/** Sizes of the main convolution of a block. */
interface MainSizes extends ConvSizes {
  /** Channels of a group where the definition leaves it open; 0 for one group. */
  readonly groupSize: number;
  /** Channels that are divided into groups. */
  readonly grouped: number;
}

/** What the kinds of blocks share: their parts. */
class Parts {
  readonly act: Activation;
  /** Channels inside. */
  readonly width: number;
  readonly #scope: Scope;
  readonly #sizes: BlockSizes;
  readonly #options: EfficientNetOptions;

  constructor(scope: Scope, sizes: BlockSizes, options: EfficientNetOptions) {
    const { activation: name, expansion } = sizes.definition;
    this.#scope = scope;
    this.#sizes = sizes;
    this.#options = options;
    this.act = name === undefined ? options.activation : activation(name);
    this.width = makeDivisible(sizes.countedFrom * expansion);
  }

  /** A convolution that keeps the size of maps. */
  plain(names: readonly [string, string], sizes: ConvSizes, act?: Activation): Layer {
    return convNormAct(this.#places(names), sizes, this.#options, act);
  }

  /** The main convolution, which may halve maps: on its own, or by what follows it. */
  main(names: readonly [string, string], sizes: MainSizes): Layer {
    const { stride, definition } = this.#sizes;
    const antiAliasing = stride === 2 ? this.#options.antiAliasing : undefined;
    const groups = groupsOf(definition.groupSize ?? sizes.groupSize, sizes.grouped);
    const { inputs, outputs, kernels } = sizes;
    const maps = convNormAct(
      this.#places(names),
      { inputs, outputs, kernels, groups, stride: antiAliasing ? 1 : stride },
      this.#options,
      this.act,
    );
    return antiAliasing ? (x, context) => antiAliasing(maps(x, context)) : maps;
  }

  /** Squeeze and excitation of the channels inside, where the block has it. */
  squeeze(channels: number): Layer | undefined {
    const { squeeze, expansion } = this.#sizes.definition;
    if (squeeze === 0) return undefined;
    const reduced = roundHalfEven(channels * (squeeze / expansion));
    return squeezeExcite(this.#scope.child("se"), [channels, reduced], this.act);
  }

  #places([conv, norm]: readonly [string, string]): readonly [Scope, Scope] {
    return [this.#scope.child(conv), this.#scope.child(norm)];
  }
}

/** A convolution that widens, a depthwise one, and one that narrows (Sandler et al. 2018). */
function invertedResidual(parts: Parts, { definition, inputs, outputs }: BlockSizes): Layer {
  const { act, width } = parts;
  const { kernels, expandKernels, projectKernels } = definition;
  return chain([
    parts.plain(["conv_pw", "bn1"], { inputs, outputs: width, kernels: expandKernels }, act),
    parts.main(["conv_dw", "bn2"], {
      inputs: width,
      outputs: width,
      kernels,
      groupSize: 1,
      grouped: width,
    }),
    parts.squeeze(width),
    parts.plain(["conv_pwl", "bn3"], { inputs: width, outputs, kernels: projectKernels }),
  ]);
}

/** A depthwise convolution and one over the channels (Howard et al. 2017). */
function depthwiseSeparable(parts: Parts, { definition, inputs, outputs }: BlockSizes): Layer {
  const { kernels, projectKernels, kind } = definition;
  const act = kind === "dsa" ? parts.act : undefined;
  return chain([
    parts.main(["conv_dw", "bn1"], {
      inputs,
      outputs: inputs,
      kernels,
      groupSize: 1,
      grouped: inputs,
    }),
    parts.squeeze(inputs),
    parts.plain(["conv_pw", "bn2"], { inputs, outputs, kernels: projectKernels }, act),
  ]);
}

/** A convolution that widens, and one that narrows: Fused-MBConv (Tan & Le 2021). */
function edgeResidual(parts: Parts, { definition, inputs, outputs }: BlockSizes): Layer {
  const { width } = parts;
  const { kernels, projectKernels } = definition;
  return chain([
    parts.main(["conv_exp", "bn1"], {
      inputs,
      outputs: width,
      kernels,
      groupSize: 0,
      grouped: width,
    }),
    parts.squeeze(width),
    parts.plain(["conv_pwl", "bn2"], { inputs: width, outputs, kernels: projectKernels }),
  ]);
}

/** One convolution. */
function singleConvolution(parts: Parts, { definition, inputs, outputs }: BlockSizes): Layer {
  return parts.main(["conv", "bn1"], {
    inputs,
    outputs,
    kernels: definition.kernels,
    groupSize: 0,
    grouped: inputs,
  });
}

const BLOCKS: Readonly<Record<BlockKind, (parts: Parts, sizes: BlockSizes) => Layer>> = {
  ir: invertedResidual,
  ds: depthwiseSeparable,
  dsa: depthwiseSeparable,
  er: edgeResidual,
  cn: singleConvolution,
};

/** Whether what comes in is added, where it has the shape of what goes out. */
function wantsShortcut({ kind, skip }: BlockDefinition): boolean {
  if (kind === "dsa") return false;
  return kind === "cn" ? skip === true : skip !== false;
}

/**
 * Declares a block, with its shortcut.
 * @param scope Place of the block.
 * @param sizes Sizes of this block.
 * @param options What is common to all.
 */
export function efficientNetBlock(
  scope: Scope,
  sizes: BlockSizes,
  options: EfficientNetOptions,
): Layer {
  const { definition, inputs, outputs, stride } = sizes;
  const branch = BLOCKS[definition.kind](new Parts(scope, sizes, options), sizes);
  const shortcut = stride === 1 && inputs === outputs && wantsShortcut(definition);
  if (!shortcut) return branch;
  return (x: Tensor, context: ForwardContext) =>
    add(dropPath(branch(x, context), sizes.dropPath, context), x);
}
