/**
 * timm's EfficientNet (Tan & Le 2019, 2021) and what is made of the same blocks: MobileNet V1 and
 * V2, MNASNet, MixNet, FBNet, TinyNet and EdgeTPU's.
 * @module
 */
import type { Layer, Scope } from "../scope.ts";
import { efficientNetBlock } from "./_efficientnet_blocks.ts";
import { convNormAct, type EfficientNetOptions } from "./_efficientnet_convolutions.ts";
import { type BlockDefinition, parseBlock, scaledStages } from "./_efficientnet_definition.ts";
import { type Gate, globalContext, squeezeExcite } from "./_efficientnet_gates.ts";
import { averagePool2, blurPool } from "./_resnet_blocks.ts";
import { ArgumentReader } from "./arguments.ts";
import { batchNorm } from "./batch_norm.ts";
import { dropPathRates } from "./drop_path.ts";
import { groupNorm, groupNormOf } from "./group_norm.ts";
import { makeDivisible } from "./make_divisible.ts";
import { layerNorm2d, type NormLayer } from "./norms.ts";
import type { VisionArchitecture, VisionModel } from "./vision_model.ts";

const NORMS: Readonly<Record<string, NormLayer>> = {
  batchnorm2d: batchNorm,
  groupnorm: groupNorm,
  groupnormact: groupNorm,
  layernormact2d: (scope, channels) => layerNorm2d(scope, channels, { eps: 1e-5 }),
};
const ANTI_ALIASING: Readonly<Record<string, EfficientNetOptions["antiAliasing"]>> = {
  avg: averagePool2,
  blur: (x) => blurPool(x),
  blurpc: (x) => blurPool(x, "constant"),
};

const GATES: Readonly<Record<string, Gate>> = {
  SqueezeExcite: squeezeExcite,
  gc: globalContext,
};

/** Reads `norm_layer`: a name, or `{name, group_size}`. */
function readNorm(args: ArgumentReader): NormLayer {
  const { name, group_size: size } = Object(args.raw("norm_layer"));
  const [eps, momentum] = [args.optionalNumber("bn_eps"), args.optionalNumber("bn_momentum")];
  if (name === "groupnormact" && Number.isInteger(size) && size > 0) return groupNormOf(size);
  const norm = args.named("norm_layer", NORMS, "batchnorm2d");
  if (norm !== batchNorm) return norm;
  return (scope, channels) => norm(scope, channels, { eps, momentum });
}

/** Reads what all blocks have in common. */
function readOptions(args: ArgumentReader): EfficientNetOptions {
  return {
    norm: readNorm(args),
    activation: args.activation("act_layer", "relu"),
    same: args.choice("pad_type", ["", "same"], "") === "same",
    gate: args.named("se_layer", GATES, "SqueezeExcite"),
    antiAliasing: (args.raw("aa_layer") ?? undefined) === undefined
      ? undefined
      : args.named("aa_layer", ANTI_ALIASING, ""),
  };
}

/** Reads the blocks of all stages. */
function readStages(args: ArgumentReader): readonly (readonly BlockDefinition[])[] {
  const value = args.raw("arch_def");
  const wellFormed = Array.isArray(value) && value.length > 0 &&
    value.every((stage) => Array.isArray(stage) && stage.length > 0);
  if (!wellFormed) throw args.refuse("arch_def", "lists of blocks");
  const stages = (value as unknown[][]).map((stage) =>
    stage.map((text) => {
      const parsed = typeof text === "string" ? parseBlock(text) : undefined;
      if (parsed) return parsed;
      throw args.refuse("arch_def", 'lists of supported blocks, as "ir_r2_k3_s2_e6_c24"', text);
    })
  );
  const groupSize = (args.raw("group_size") ?? undefined) === undefined
    ? undefined
    : args.integer("group_size", 0, { minimum: 0 });
  const scaled = scaledStages(stages, {
    factors: readFactors(args, stages.length),
    rounding: args.choice("depth_trunc", ["ceil", "round"], "ceil"),
    keepEnds: args.boolean("fix_first_last", false),
  });
  const factor = args.integer("experts_multiplier", 1);
  return scaled.map((blocks) =>
    blocks.map((block) => ({
      ...block,
      groupSize: block.groupSize ?? groupSize,
      experts: block.experts * factor,
    }))
  );
}

/** Reads the factor of each stage's depth. */
function readFactors(args: ArgumentReader, stages: number): readonly number[] {
  const value = args.raw("depth_multiplier") ?? 1;
  const factors: readonly unknown[] = Array.isArray(value) ? value : Array(stages).fill(value);
  const positive = factors.filter((each): each is number => typeof each === "number" && each > 0);
  if (factors.length !== stages || positive.length !== stages) {
    throw args.refuse("depth_multiplier", `a number greater than 0 or ${stages} of them`);
  }
  return positive;
}

/** Widths of a block of a pruned network. */
type PrunedWidths = readonly [width: number, reduced: number, outputs: number];

/** Reads the widths of the blocks of a pruned network. */
function readPruned(args: ArgumentReader, blocks: number): readonly PrunedWidths[] | undefined {
  const value = args.raw("pruned") ?? false;
  if (value === false) return undefined;
  const fits = Array.isArray(value) && value.length === blocks &&
    value.every((widths) =>
      Array.isArray(widths) && widths.length === 3 &&
      widths.every((width) => Number.isInteger(width) && width > 0)
    );
  if (!fits) throw args.refuse("pruned", `false, or three widths for each of ${blocks} blocks`);
  return value;
}

/** Reads how widths are scaled. */
function readWidths(args: ArgumentReader): (width: number) => number {
  const factor = args.positive("channel_multiplier", 1);
  const divisor = args.integer("channel_divisor", 8);
  const limit = args.optionalNumber("round_limit", 0.9);
  return (width) => makeDivisible(width * factor, { divisor, limit });
}

/** Sizes of the layers around the blocks. */
interface EndSizes {
  readonly channels: number;
  readonly stem: number;
  readonly stemKernel: number;
  /** Channels of the last convolution; 0 where there is none. */
  readonly features: number;
}

function readEnds(
  args: ArgumentReader,
  channels: number,
  widthOf: (width: number) => number,
): EndSizes {
  const inChannels = args.integer("in_chans", 3);
  if (inChannels !== channels) {
    throw args.refuse("in_chans", `${channels}, the channels of the images`, inChannels);
  }
  const stem = args.integer("stem_size", 32);
  return {
    channels,
    stem: args.boolean("fix_stem", false) ? stem : widthOf(stem),
    stemKernel: args.integer("stem_kernel_size", 3),
    features: args.integer("num_features", 1280, { minimum: 0 }),
  };
}

/**
 * Declares timm's EfficientNet up to its maps.
 * @param kwargs Arguments of timm's model functions: `arch_def`, the blocks of each stage, and what
 *   scales and completes them.
 * @param context Scope and shape of the images.
 * @returns A model whose output is what timm's `forward_features` gives.
 * @throws {RangeError} if an argument or its value is not supported.
 *
 * @example A small one
 * ```ts
 * import { Parameters } from "@glovita/glovita/nn";
 * import { efficientnet } from "@glovita/glovita/vision";
 * import { assertEquals } from "@std/assert";
 *
 * const parameters = new Parameters();
 * const context = { scope: parameters.scope(), sampleShape: [3, 32, 32] };
 * const arch_def = [["ds_r1_k3_s1_e1_c16_se0.25"], ["ir_r2_k3_s2_e6_c24_se0.25"]];
 * const model = efficientnet({ arch_def, num_features: 64, act_layer: "silu" }, context);
 * assertEquals(model.embedDim, 64);
 * assertEquals(parameters.list()[0].name, "conv_stem.weight");
 * ```
 *
 * @category Architectures
 */
export const efficientnet: VisionArchitecture = (kwargs, { scope, sampleShape }): VisionModel => {
  const args = new ArgumentReader("efficientnet", kwargs);
  args.only("output_stride", 32);
  args.ignore("num_classes", "global_pool", "drop_rate");
  const widthOf = readWidths(args);
  const ends = readEnds(args, sampleShape[0], widthOf);
  const stages = readStages(args);
  const pruned = readPruned(args, stages.flat().length);
  const options = readOptions(args);
  const rate = args.rate("drop_path_rate");
  args.finish();

  const places = (conv: string, norm: string) => [scope.child(conv), scope.child(norm)] as const;
  const { channels, stem, stemKernel, features } = ends;
  const first = { inputs: channels, outputs: stem, kernels: [stemKernel], stride: 2 } as const;
  const layers: Layer[] = [
    convNormAct(places("conv_stem", "bn1"), first, options, options.activation),
  ];
  const trunk = declareStages(scope.child("blocks"), stages, {
    ...{ inputs: stem, rate, widthOf, options, pruned },
  });
  layers.push(...trunk.layers);
  if (features > 0) {
    const last = { inputs: trunk.outputs, outputs: features, kernels: [1] };
    layers.push(convNormAct(places("conv_head", "bn2"), last, options, options.activation));
  }
  return {
    output: "map",
    embedDim: features > 0 ? features : trunk.outputs,
    forward: (images, context) => layers.reduce((x, layer) => layer(x, context), images),
  };
};

/** What the stages of blocks are declared from. */
interface Trunk {
  /** Channels that come in. */
  readonly inputs: number;
  /** Rate of stochastic depth that the block after the last would have. */
  readonly rate: number;
  readonly widthOf: (width: number) => number;
  readonly options: EfficientNetOptions;
  /** Widths of each block, where they were pruned. */
  readonly pruned?: readonly PrunedWidths[];
}

/** Declares the blocks of all stages. */
function declareStages(
  scope: Scope,
  stages: readonly (readonly BlockDefinition[])[],
  { inputs, rate, widthOf, options, pruned }: Trunk,
): { readonly layers: readonly Layer[]; readonly outputs: number } {
  // timm's rates would reach the last one a block further.
  const rates = dropPathRates(rate, stages.flat().length + 1).values();
  const pruning = pruned?.values();
  let [width, channels] = [inputs, inputs]; // as defined, and after pruning
  let folded = false;
  const layers = stages.flatMap((blocks, stage) =>
    blocks.map((definition, index) => {
      const [before, from] = [width, channels];
      const own = pruning?.next().value;
      const step = index === 0 ? definition.stride : 1;
      // What was folded is in the maps in place of a step, and in the width until then.
      const unfolds = folded && step === 2;
      const folds = !folded && definition.folds;
      folded = folds || folded && !unfolds;
      width = widthOf(definition.outputs) * (folded ? 4 : 1);
      channels = own?.[2] ?? width;
      const { countedFrom, expansion } = definition;
      const stride = unfolds ? 1 : step;
      return efficientNetBlock(scope.child(`${stage}.${index}`), {
        definition: { ...definition, expansion: unfolds ? expansion / 4 : expansion },
        inputs: from,
        outputs: channels,
        sameShape: stride === 1 && before === width,
        pruned: own && [own[0], own[1]],
        countedFrom: countedFrom === 0 ? from : widthOf(countedFrom),
        stride,
        folds,
        dropPath: rates.next().value!,
      }, options);
    })
  );
  return { layers, outputs: channels };
}
