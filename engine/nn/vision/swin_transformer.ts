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
import {
  type CommonOptions,
  readSwinOptions,
  type StageOptions,
  STAGES,
  type SwinOptions,
} from "./_swin_options.ts";
import type { Windows } from "./_windows.ts";
import { ArgumentReader } from "./arguments.ts";
import { dropPathRates } from "./drop_path.ts";
import { patchEmbed, type Size } from "./patch_embed.ts";
import type { VisionArchitecture, VisionModel } from "./vision_model.ts";

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
    const options = readSwinOptions(new ArgumentReader(name, kwargs), name, sampleShape);
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
