/**
 * timm's Swin Transformer (Liu et al. 2021) and Swin Transformer V2 (Liu et al. 2022).
 * @module
 */
import { reshape, transpose } from "../../ir/layout.ts";
import type { Scope } from "../scope.ts";
import {
  FIRST_VERSION,
  SECOND_VERSION,
  type SwinBlockOptions,
  swinNorm,
  type SwinVersion,
} from "./_swin_blocks.ts";
import type { Windows } from "./_windows.ts";
import { type Activation, activation } from "./activations.ts";
import { ArgumentReader } from "./arguments.ts";
import { dropPathRates } from "./drop_path.ts";
import { gridOf, patchEmbed, type Size } from "./patch_embed.ts";
import type { VisionArchitecture, VisionModel } from "./vision_model.ts";

/** How many stages there are. */
const STAGES = 4;

/** What a stage is made of. */
interface StageOptions {
  readonly dim: number;
  readonly depth: number;
  readonly heads: number;
  /** Window, where maps are larger. */
  readonly window: Size;
  /** Window that weights were first trained with; zeros for the same. */
  readonly pretrainedWindow: Size;
  readonly mlpRatio: number;
}

/** What all stages have in common. */
interface CommonOptions {
  readonly qkvBias: boolean;
  readonly attnDrop: number;
  readonly projDrop: number;
  readonly alwaysPartition: boolean;
  readonly activation: Activation;
}

/** A size from a number or two. */
function asSize(value: unknown): Size | undefined {
  const [height, width] = Array.isArray(value) && value.length === 2 ? value : [value, value];
  const whole = [height, width].every((side) => Number.isInteger(side) && side >= 0);
  return whole ? [height, width] : undefined;
}

/** Reads sizes of windows: one for all stages, or one for each. */
function readWindows(args: ArgumentReader, name: string, fallback: number): readonly Size[] {
  const value = args.raw(name) ?? fallback;
  const each: readonly unknown[] = Array.isArray(value) && value.length === STAGES
    ? value
    : Array(STAGES).fill(value);
  const sizes = each.map(asSize).filter((size) => size !== undefined);
  if (sizes.length === STAGES && sizes.flat().every((side) => fallback === 0 || side > 0)) {
    return sizes;
  }
  throw args.refuse(name, `an integer, two of them, or ${STAGES} of these`);
}

/** Reads a number greater than 0 for all stages, or one for each. */
function readRatios(args: ArgumentReader): readonly number[] {
  const value = args.raw("mlp_ratio") ?? 4;
  const each: readonly unknown[] = Array.isArray(value) ? value : Array(STAGES).fill(value);
  const ratios = each.filter((ratio): ratio is number => typeof ratio === "number" && ratio > 0);
  if (each.length === STAGES && ratios.length === STAGES) return ratios;
  throw args.refuse("mlp_ratio", `a number greater than 0 or ${STAGES} of them`);
}

function readStages(args: ArgumentReader, second: boolean): readonly StageOptions[] {
  const width = args.integer("embed_dim", 96);
  const depths = args.integers("depths", [2, 2, 6, 2]);
  const heads = args.integers("num_heads", [3, 6, 12, 24]);
  const windows = readWindows(args, "window_size", 7);
  const pretrained = second ? readWindows(args, "pretrained_window_sizes", 0) : windows;
  const ratios = readRatios(args);
  return depths.map((depth, index) => {
    const dim = width * 2 ** index;
    if (dim % heads[index] !== 0) {
      throw args.refuse("num_heads", `divisors of embed_dim, ${width}, and of its doubles`);
    }
    return {
      ...{ dim, depth, heads: heads[index], window: windows[index] },
      ...{ pretrainedWindow: pretrained[index], mlpRatio: ratios[index] },
    };
  });
}

/** Reads what all blocks have in common. */
function readCommon(args: ArgumentReader, second: boolean): CommonOptions {
  args.ignore("num_classes", "global_pool", "drop_rate");
  args.only("strict_img_size", true);
  args.only("weight_init", "");
  if (!second) args.only("head_dim", null);
  return {
    qkvBias: args.boolean("qkv_bias", true),
    attnDrop: args.rate("attn_drop_rate"),
    projDrop: args.rate("proj_drop_rate"),
    alwaysPartition: args.boolean("always_partition", false),
    activation: second ? args.activation("act_layer", "gelu") : activation("gelu"),
  };
}

/** Maps of a stage. */
interface Maps {
  /** Rows and columns. */
  readonly map: Size;
  /** Rows and columns by which timm chooses windows: halves without what is left over. */
  readonly counted: Size;
}

/** Window and shift of a block: maps that are no larger than the window are one window. */
function windowsOf(
  { map, counted }: Maps,
  window: Size,
  { shifted, always }: { readonly shifted: boolean; readonly always: boolean },
): Windows {
  const whole = (axis: 0 | 1) => !always && counted[axis] <= window[axis];
  const side = (axis: 0 | 1) => whole(axis) ? counted[axis] : window[axis];
  const step = (axis: 0 | 1) => shifted && !whole(axis) ? Math.floor(window[axis] / 2) : 0;
  return { map, window: [side(0), side(1)], shift: [step(0), step(1)] };
}

/** Sizes of the maps of each stage. */
function mapsOf(grid: Size): readonly Maps[] {
  const halves = (stage: number, round: (value: number) => number): Size => {
    const half = (side: number) => round(side / 2 ** stage);
    return [half(grid[0]), half(grid[1])];
  };
  return Array.from({ length: STAGES }, (_, stage) => ({
    map: halves(stage, Math.ceil),
    counted: halves(stage, Math.floor),
  }));
}

/** Refuses images of which the last stage leaves nothing to compare. */
function expectImages(name: string, images: Size, patch: Size, entries: number): void {
  const [height, width] = patch.map((side) => side * entries * 2 ** (STAGES - 1));
  if (images[0] >= height && images[1] >= width) return;
  throw new RangeError(
    `expected images of at least ${height} by ${width} for ${name}, received ${
      images.join(" by ")
    }`,
  );
}

/** What the blocks of a stage are declared from. */
interface StageContext {
  readonly maps: Maps;
  readonly common: CommonOptions;
  /** Rate of stochastic depth of each block. */
  readonly rates: readonly number[];
}

/** Options of each block of a stage. */
function blocksOf(stage: StageOptions, { maps, common, rates }: StageContext): SwinBlockOptions[] {
  const { dim, heads, window, pretrainedWindow } = stage;
  const { qkvBias, attnDrop, projDrop, alwaysPartition: always } = common;
  const hidden = Math.trunc(dim * stage.mlpRatio);
  return rates.map((rate, index) => ({
    attention: {
      ...{ dim, heads, qkvBias, attnDrop, projDrop },
      windows: windowsOf(maps, window, { shifted: index % 2 === 1, always }),
      pretrainedWindow: pretrainedWindow[0] > 0 ? pretrainedWindow : undefined,
    },
    mlp: { dim, hidden, activation: common.activation, bias: true, drop: projDrop },
    dropPath: rate,
  }));
}

/** What a version of the architecture is declared from. */
interface SwinOptions {
  readonly channels: number;
  readonly patchSize: Size;
  readonly grid: Size;
  readonly stages: readonly StageOptions[];
  readonly common: CommonOptions;
  readonly dropPath: number;
}

function readOptions(
  args: ArgumentReader,
  name: string,
  [channels, height, width]: readonly number[],
): SwinOptions {
  const second = name === "swin_transformer_v2";
  const inChannels = args.integer("in_chans", 3);
  if (inChannels !== channels) {
    throw args.refuse("in_chans", `${channels}, the channels of the images`, inChannels);
  }
  const imageSize = args.size("img_size", 224);
  if (imageSize[0] !== height || imageSize[1] !== width) {
    throw args.refuse("img_size", `[${[height, width]}], the size of the images`, imageSize);
  }
  const patchSize = args.size("patch_size", 4);
  const options = {
    ...{ channels, patchSize, grid: gridOf([height, width], patchSize) },
    stages: readStages(args, second),
    common: readCommon(args, second),
    dropPath: args.rate("drop_path_rate", 0.1),
  };
  args.finish();
  // Offsets within windows of a single entry have no scale.
  expectImages(name, [height, width], patchSize, second ? 2 : 1);
  return options;
}

/** Declares all stages: what halves the maps, where it is not the first, and the blocks. */
function declareStages(scope: Scope, options: SwinOptions, version: SwinVersion) {
  const { stages, common, grid } = options;
  const maps = mapsOf(grid);
  const depth = stages.reduce((sum, stage) => sum + stage.depth, 0);
  const rates = [...dropPathRates(options.dropPath, depth)];
  const windows = new Map<string, Size>();
  const layers = stages.flatMap((stage, at) => {
    const name = `layers.${at}`;
    const place = scope.child(name);
    const merge = at === 0
      ? []
      : [version.merge(place.child("downsample"), stages[at - 1].dim, stage.dim)];
    const context = { maps: maps[at], common, rates: rates.splice(0, stage.depth) };
    const blocks = blocksOf(stage, context).map((block, index) => {
      windows.set(`${name}.blocks.${index}.attn`, block.attention.windows.window);
      return version.block(place.child(`blocks.${index}`), block);
    });
    return [...merge, ...blocks];
  });
  return { layers, windows };
}

function swin(name: string, version: SwinVersion): VisionArchitecture {
  return (kwargs, { scope, sampleShape }): VisionModel => {
    const options = readOptions(new ArgumentReader(name, kwargs), name, sampleShape);
    const { channels, patchSize, grid, stages } = options;
    const embed = patchEmbed(scope.child("patch_embed"), {
      ...{ patchSize, channels, dim: stages[0].dim, bias: true, norm: swinNorm },
    });
    const { layers, windows } = declareStages(scope, options, version);
    const embedDim = stages[STAGES - 1].dim;
    const norm = swinNorm(scope.child("norm"), embedDim);
    return {
      output: "map",
      embedDim,
      windows,
      forward(images, context) {
        const patches = embed(images, context);
        const maps = reshape(patches, [patches.shape[0], ...grid, stages[0].dim]);
        const last = layers.reduce((x, layer) => layer(x, context), maps);
        return transpose(norm(last, context), [0, 3, 1, 2]);
      },
    };
  };
}

/**
 * Declares timm's Swin Transformer up to its maps, which timm lays out with channels last.
 * @param kwargs timm's arguments; `img_size` must be the size of the images.
 * @param context Scope and shape of the images.
 * @returns A model whose output is what timm's `forward_features` gives.
 * @throws {RangeError} if an argument or its value is not supported.
 *
 * @example A small one
 * ```ts
 * import { Parameters } from "@glovita/glovita/nn";
 * import { swinTransformer } from "@glovita/glovita/vision";
 * import { assertEquals } from "@std/assert";
 *
 * const parameters = new Parameters();
 * const context = { scope: parameters.scope(), sampleShape: [3, 64, 64] };
 * const kwargs = { img_size: 64, embed_dim: 8, depths: [1, 1, 1, 1], num_heads: [1, 1, 2, 2] };
 * assertEquals(swinTransformer(kwargs, context).embedDim, 64);
 * assertEquals(parameters.list()[0].name, "patch_embed.proj.weight");
 * ```
 *
 * @category Architectures
 */
export const swinTransformer: VisionArchitecture = swin("swin_transformer", FIRST_VERSION);

/**
 * Declares timm's Swin Transformer V2 up to its maps: cosine attention, whose biases a network
 * computes from logarithms of relative positions.
 * @param kwargs timm's arguments; `img_size` must be the size of the images.
 * @param context Scope and shape of the images.
 * @returns A model whose output is what timm's `forward_features` gives.
 * @throws {RangeError} if an argument or its value is not supported.
 *
 * @example A small one
 * ```ts
 * import { Parameters } from "@glovita/glovita/nn";
 * import { swinTransformerV2 } from "@glovita/glovita/vision";
 * import { assertEquals } from "@std/assert";
 *
 * const parameters = new Parameters();
 * const context = { scope: parameters.scope(), sampleShape: [3, 64, 64] };
 * const kwargs = { img_size: 64, embed_dim: 8, depths: [1, 1, 1, 1], num_heads: [1, 1, 2, 2] };
 * assertEquals(swinTransformerV2(kwargs, context).embedDim, 64);
 * ```
 *
 * @category Architectures
 */
export const swinTransformerV2: VisionArchitecture = swin("swin_transformer_v2", SECOND_VERSION);
