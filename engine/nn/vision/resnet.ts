/**
 * timm's ResNet (He et al. 2016) with the variations that its arguments name: ResNeXt, SENet,
 * ResNet-C, -D and -T, ECA-ResNet, ResNet-RS, Res2Net, ResNeSt, SKNet and those with anti-aliasing.
 * @module
 */
import { maxPool } from "../../ir/windows.ts";
import type { Layer, Scope } from "../scope.ts";
import { attentionArgument, efficientChannelAttention } from "./_attention_modules.ts";
import {
  type AntiAliasing,
  averagePool2,
  basicBlock,
  type BlockSizes,
  blurPool,
  bottleneck,
  convNorm,
  residual,
  type ResNetBlock,
  type ResNetOptions,
} from "./_resnet_blocks.ts";
import {
  type BlockArguments,
  bottle2neck,
  resNestBottleneck,
  selectiveKernelBasic,
  selectiveKernelBottleneck,
} from "./_split_blocks.ts";
import { ArgumentReader, oneOf } from "./arguments.ts";
import { batchNorm } from "./batch_norm.ts";
import { conv2d, kaimingNormal } from "./convolution.ts";
import { dropPathRates } from "./drop_path.ts";
import { groupNorm } from "./group_norm.ts";
import { MAP_NORMS, normArgument } from "./norms.ts";
import type { VisionArchitecture, VisionModel } from "./vision_model.ts";

const BLOCKS: Readonly<Record<string, (reading: BlockArguments) => ResNetBlock>> = {
  BasicBlock: () => basicBlock,
  Bottleneck: () => bottleneck,
  Bottle2neck: bottle2neck,
  ResNestBottleneck: resNestBottleneck,
  SelectiveKernelBasic: selectiveKernelBasic,
  SelectiveKernelBottleneck: selectiveKernelBottleneck,
};
const NORMS = {
  batchnorm: batchNorm,
  batchnorm2d: batchNorm,
  groupnorm: groupNorm,
  ...MAP_NORMS,
};
const ANTI_ALIASING: Readonly<Record<string, AntiAliasing>> = {
  AvgPool2d: averagePool2,
  BlurPool2d: blurPool,
};
const STAGES = [64, 128, 256, 512];

/** What the layers before the stages are made of. */
interface StemOptions {
  readonly channels: number;
  readonly width: number;
  readonly type: "" | "deep" | "deep_tiered";
  /** Whether a convolution takes the place of the maximum pool. */
  readonly replacePool: boolean;
}

/** Declares one convolution of 7 by 7, or three of 3 by 3. */
function firstLayers(scope: Scope, stem: StemOptions, options: ResNetOptions): Layer {
  const { channels, width, type } = stem;
  const { activation, norm } = options;
  const [conv1, bn1] = [scope.child("conv1"), scope.child("bn1")];
  if (type === "") {
    const window = { kernel: 7, stride: 2, padding: 3 };
    const only = convNorm([conv1, bn1], { inputs: channels, outputs: 64, ...window }, norm);
    return (x, context) => activation(only(x, context));
  }
  const first = type === "deep_tiered" ? 3 * Math.floor(width / 4) : width;
  const window = { kernel: 3, padding: 1 };
  const layers = [
    convNorm(
      [conv1.child("0"), conv1.child("1")],
      { inputs: channels, outputs: first, ...window, stride: 2 },
      norm,
    ),
    convNorm(
      [conv1.child("3"), conv1.child("4")],
      { inputs: first, outputs: width, ...window },
      norm,
    ),
    convNorm([conv1.child("6"), bn1], { inputs: width, outputs: width * 2, ...window }, norm),
  ];
  return (x, context) => layers.reduce((y, layer) => activation(layer(y, context)), x);
}

/** Declares what halves the maps of the first layers. */
function stemPool(
  scope: Scope,
  { width, replacePool }: { readonly width: number; readonly replacePool: boolean },
  { activation, antiAliasing, norm }: ResNetOptions,
): Layer {
  if (!replacePool) {
    if (antiAliasing === averagePool2) return averagePool2;
    const stride = antiAliasing ? 1 : 2;
    return (x) => {
      const maxima = maxPool(x, 3, { stride, padding: 1 });
      return antiAliasing?.(maxima) ?? maxima;
    };
  }
  const place = scope.child("maxpool");
  const convolution = conv2d(place.child("0"), {
    inputs: width,
    outputs: width,
    kernel: 3,
    stride: antiAliasing ? 1 : 2,
    padding: 1,
    bias: false,
    weightInitializer: kaimingNormal,
  });
  const normalise = norm(place.child(antiAliasing ? "2" : "1"), width);
  return (x, context) => {
    const maps = convolution(x, context);
    return activation(normalise(antiAliasing?.(maps) ?? maps, context));
  };
}

/** Reads the kind of block of each stage. */
function readBlocks(reading: BlockArguments): readonly ResNetBlock[] {
  const { args } = reading;
  const value = args.raw("block");
  const names: readonly unknown[] = Array.isArray(value) ? value : STAGES.map(() => value);
  const known = names.every((name) => typeof name === "string" && Object.hasOwn(BLOCKS, name));
  if (!known || names.length !== STAGES.length) {
    throw args.refuse("block", `${oneOf(Object.keys(BLOCKS))}, or ${STAGES.length} of them`);
  }
  return names.map((name) => BLOCKS[String(name)](reading));
}

/** Opens `block_args`. */
function readBlockArguments(args: ArgumentReader): BlockArguments {
  const value = args.raw("block_args") ?? {};
  if (typeof value !== "object") throw args.refuse("block_args", "an object or null");
  return { args, inner: new ArgumentReader("resnet's block_args", { ...value }) };
}

/** Reads what all blocks have in common. */
function readOptions(
  { args, inner }: BlockArguments,
  blocks: readonly ResNetBlock[],
): ResNetOptions {
  const cardinality = args.integer("cardinality", 1);
  const baseWidth = args.integer("base_width", 64);
  if (blocks.includes(basicBlock)) {
    args.only("cardinality", 1);
    args.only("base_width", 64);
  }
  return {
    cardinality,
    baseWidth,
    activation: args.activation("act_layer", "relu"),
    norm: normArgument(args, "norm_layer", NORMS) ?? batchNorm,
    attention: attentionArgument(inner, "attn_layer"),
    antiAliasing: readAntiAliasing(args),
    reduceFirst: args.integer("block_reduce_first", 1),
    averageDown: args.boolean("avg_down", false),
    downKernel: args.integer("down_kernel_size", 1),
    zeroInitLast: args.boolean("zero_init_last", true),
  };
}

function readAntiAliasing(args: ArgumentReader): AntiAliasing | undefined {
  if ((args.raw("aa_layer") ?? undefined) === undefined) return undefined;
  return args.named("aa_layer", ANTI_ALIASING, "");
}

/** Means of 2 by 2 pass over what is left at the end, shortcuts do not: nothing may be left. */
function expectWholeMeans(
  args: ArgumentReader,
  antiAliasing: AntiAliasing | undefined,
  images: readonly number[],
): void {
  const maps = images.map((side) => Math.floor(Math.ceil(side / 2) / 2)); // after the stem
  if (antiAliasing === averagePool2 && maps.some((side) => side % 8 !== 0)) {
    throw args.refuse("aa_layer", `another for images of ${images.join(" by ")}`);
  }
}

/** Reads arguments that have no meaning here, or only one value that is supported. */
function readOthers(args: ArgumentReader): void {
  args.ignore("num_classes", "global_pool", "drop_rate");
  args.only("output_stride", 32);
  args.only("drop_block_rate", 0, null);
}

/** Reads the widths of a pruned network's blocks; timm has them for bottlenecks with ECA. */
function readPruned(
  args: ArgumentReader,
  blocks: number,
  { attention, cardinality }: ResNetOptions,
): readonly NonNullable<BlockSizes["pruned"]>[] | undefined {
  const value = args.raw("pruned");
  if (value === undefined || value === false) return undefined;
  const isWidth = (each: unknown) => Number.isInteger(each) && Number(each) > 0;
  const isBlock = (each: unknown) =>
    Array.isArray(each) && each.length === 3 && each.every(isWidth);
  if (!Array.isArray(value) || value.length !== blocks || !value.every(isBlock)) {
    throw args.refuse("pruned", `false, or three widths for each of ${blocks} blocks`);
  }
  if (
    args.raw("block") !== "Bottleneck" || cardinality !== 1 ||
    attention !== efficientChannelAttention
  ) {
    throw args.refuse("pruned", "false, but for bottlenecks with ECA", true);
  }
  return value;
}

/**
 * Declares timm's ResNet up to its maps. In a frozen scope, batch normalisation acts as in evaluation.
 * @param kwargs timm's arguments; `block` and `layers` are required.
 * @param context Scope and shape of the images.
 * @returns A model whose output is what timm's `forward_features` gives.
 * @throws {RangeError} if an argument or its value is not supported.
 *
 * @example A small one
 * ```ts
 * import { Parameters } from "@glovita/glovita/nn";
 * import { resnet } from "@glovita/glovita/vision";
 * import { assertEquals } from "@std/assert";
 *
 * const parameters = new Parameters();
 * const context = { scope: parameters.scope(), sampleShape: [3, 64, 64] };
 * const model = resnet({ block: "BasicBlock", layers: [2, 2, 2, 2] }, context);
 * assertEquals(model.embedDim, 512);
 * assertEquals(parameters.list()[0].name, "conv1.weight");
 * ```
 *
 * @category Architectures
 */
export const resnet: VisionArchitecture = (kwargs, { scope, sampleShape }): VisionModel => {
  const [channels, ...images] = sampleShape;
  const args = new ArgumentReader("resnet", kwargs);
  const inChannels = args.integer("in_chans", 3);
  if (inChannels !== channels) {
    throw args.refuse("in_chans", `${channels}, the channels of the images`, inChannels);
  }
  const reading = readBlockArguments(args);
  const blocks = readBlocks(reading);
  const options = readOptions(reading, blocks);
  reading.inner.finish();
  expectWholeMeans(args, options.antiAliasing, images);
  const planes = args.integers("channels", STAGES);
  if (args.raw("layers") === undefined) throw args.refuse("layers", "4 integers of at least 1");
  const depths = args.integers("layers", STAGES);
  const rate = args.rate("drop_path_rate");
  const stem = {
    channels,
    width: args.integer("stem_width", 64),
    type: args.choice("stem_type", ["", "deep", "deep_tiered"], ""),
    replacePool: args.boolean("replace_stem_pool", false),
  } as const;
  const blockCount = depths.reduce((sum, depth) => sum + depth);
  const pruned = readPruned(args, blockCount, options);
  readOthers(args);
  args.finish();

  let inputs = stem.type === "" ? 64 : stem.width * 2;
  const layers = [
    firstLayers(scope, stem, options),
    stemPool(scope, { width: inputs, replacePool: stem.replacePool }, options),
  ];
  const rates = [...dropPathRates(rate, blockCount)];
  for (const [stage, block] of blocks.entries()) {
    for (let index = 0; index < depths[stage]; index++) {
      const stride = index === 0 && stage > 0 ? 2 : 1;
      const own = pruned?.[blockCount - rates.length];
      const sizes = { inputs, planes: planes[stage], stride, pruned: own } as const;
      const place = scope.child(`layer${stage + 1}.${index}`);
      layers.push(residual(place, block, { ...sizes, dropPath: rates.shift()!, ...options }));
      inputs = own?.[2] ?? planes[stage] * block.expansion;
    }
  }
  return {
    output: "map",
    embedDim: inputs,
    forward: (images, context) => layers.reduce((x, layer) => layer(x, context), images),
  };
};
