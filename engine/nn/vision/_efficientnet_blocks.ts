/**
 * The blocks of EfficientNets.
 * @module
 */
import { add, sigmoid } from "../../ir/elementwise.ts";
import { reduceMean } from "../../ir/matrix.ts";
import type { Tensor } from "../../ir/node.ts";
import { uniform, zeros } from "../initializers.ts";
import type { ForwardContext, Layer, Scope } from "../scope.ts";
import { conditionalDepthwise, conditionalPointwise } from "./_conditional_convolution.ts";
import {
  convNormAct,
  type ConvSizes,
  type EfficientNetOptions,
} from "./_efficientnet_convolutions.ts";
import type { BlockDefinition, BlockKind } from "./_efficientnet_definition.ts";
import { type Activation, activation } from "./activations.ts";
import { dropPath } from "./drop_path.ts";
import { makeDivisible } from "./make_divisible.ts";

/** What single blocks differ in. */
export interface BlockSizes {
  readonly definition: BlockDefinition;
  readonly inputs: number;
  readonly outputs: number;
  /** Channels that the width inside is counted from. */
  readonly countedFrom: number;
  readonly stride: 1 | 2;
  /** Whether what comes in has the shape of what goes out, and may be added. */
  readonly sameShape: boolean;
  /** Channels inside and those that its gate leaves, where they were pruned. */
  readonly pruned?: readonly [width: number, reduced: number];
  /** Whether it begins with making squares of four entries one of four times the width. */
  readonly folds: boolean;
  /** Rate of stochastic depth in training. */
  readonly dropPath: number;
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
    this.width = sizes.pruned?.[0] ?? makeDivisible(sizes.countedFrom * expansion);
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

  /** Squares of four entries as one. */
  fold(): Layer {
    const { inputs } = this.#sizes;
    const sizes = { inputs, outputs: 4 * inputs, kernels: [2], stride: 2 } as const;
    return convNormAct(this.#places(["conv_s2d", "bn_s2d"]), sizes, this.#options, this.act);
  }

  /** What weighs the channels inside, where the block has it. */
  gate(channels: number): Layer | undefined {
    const { definition: { squeeze, expansion }, folds, pruned } = this.#sizes;
    if (squeeze === 0) return undefined;
    const ratio = pruned ? pruned[1] / channels : squeeze / expansion / (folds ? 4 : 1);
    return this.#options.gate(this.#scope.child("se"), { channels, ratio, activation: this.act });
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
    parts.gate(width),
    parts.plain(["conv_pwl", "bn3"], { inputs: width, outputs, kernels: projectKernels }),
  ]);
}

/** A depthwise convolution and one over the channels (Howard et al. 2017). */
function depthwiseSeparable(
  parts: Parts,
  { definition, inputs, outputs, folds }: BlockSizes,
): Layer {
  const { projectKernels, kind } = definition;
  const act = kind === "dsa" ? parts.act : undefined;
  const width = folds ? 4 * inputs : inputs;
  const kernels = folds
    ? definition.kernels.map((size) => Math.floor((size + 1) / 2))
    : definition.kernels;
  return chain([
    folds ? parts.fold() : undefined,
    parts.main(["conv_dw", "bn1"], {
      inputs: width,
      outputs: width,
      kernels,
      groupSize: 1,
      grouped: width,
    }),
    parts.gate(width),
    parts.plain(["conv_pw", "bn2"], { inputs: width, outputs, kernels: projectKernels }, act),
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
    parts.gate(width),
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

/** An inverted residual whose kernels are mixed for each sample, by the means of what comes in. */
function conditionalResidual(
  scope: Scope,
  { definition, inputs, outputs, stride }: BlockSizes,
  { options, parts }: { readonly options: EfficientNetOptions; readonly parts: Parts },
): Layer {
  const { experts, kernels: [kernel] } = definition;
  if (options.antiAliasing) {
    throw new RangeError(
      'expected argument "aa_layer" of efficientnet to be null with kernels mixed for each sample',
    );
  }
  const { act, width } = parts;
  const bound = 1 / Math.sqrt(inputs + experts);
  const route = scope.linear("routing_fn", inputs, experts, {
    weightInitializer: uniform(bound),
    biasInitializer: zeros,
  });
  const expand = conditionalPointwise(scope.child("conv_pw"), [inputs, width], experts);
  const norm1 = options.norm(scope.child("bn1"), width);
  const windows = { channels: width, kernel, stride, same: options.same };
  const depthwise = conditionalDepthwise(scope.child("conv_dw"), windows, experts);
  const norm2 = options.norm(scope.child("bn2"), width);
  const gate = parts.gate(width);
  const project = conditionalPointwise(scope.child("conv_pwl"), [width, outputs], experts);
  const norm3 = options.norm(scope.child("bn3"), outputs);
  return (x, context) => {
    const shares = sigmoid(route(reduceMean(x, { axes: [2, 3] }), context));
    const wide = act(norm1(expand(x, shares), context));
    const maps = act(norm2(depthwise(wide, shares), context));
    return norm3(project(gate?.(maps, context) ?? maps, shares), context);
  };
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
  const { definition } = sizes;
  const parts = new Parts(scope, sizes, options);
  const branch = definition.experts > 0
    ? conditionalResidual(scope, sizes, { options, parts })
    : BLOCKS[definition.kind](parts, sizes);
  if (!sizes.sameShape || !wantsShortcut(definition)) return branch;
  return (x: Tensor, context: ForwardContext) =>
    add(dropPath(branch(x, context), sizes.dropPath, context), x);
}
