/**
 * What Swin Transformers are made of, from timm's arguments.
 * @module
 */
import { type Activation, activation } from "./activations.ts";
import type { ArgumentReader } from "./arguments.ts";
import { gridOf, type Size } from "./patch_embed.ts";

/** How many stages there are. */
export const STAGES = 4;

/** What a stage is made of. */
export interface StageOptions {
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
export interface CommonOptions {
  readonly qkvBias: boolean;
  readonly attnDrop: number;
  readonly projDrop: number;
  readonly alwaysPartition: boolean;
  readonly activation: Activation;
}

/** Reads sizes of windows: one for all stages, or one for each. */
function readWindows(
  args: ArgumentReader,
  name: string,
  { fallback, least }: { readonly fallback: number; readonly least: number },
): readonly Size[] {
  const value = args.raw(name) ?? fallback;
  const each: readonly unknown[] = Array.isArray(value) && value.length === STAGES
    ? value
    : Array(STAGES).fill(value);
  const sizes = each.map((size) => Array.isArray(size) ? size : [size, size]);
  const fits = ([height, width, ...rest]: readonly unknown[]) =>
    rest.length === 0 && Number.isInteger(height) && Number.isInteger(width) &&
    (Math.min(Number(height), Number(width)) >= least || height === fallback && width === fallback);
  if (sizes.every(fits)) return sizes.map(([height, width]) => [height, width]);
  const one = least === 1 ? "an integer" : `an integer of at least ${least}`;
  throw args.refuse(name, `${one}, two of them, or ${STAGES} of these`);
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
  // Offsets within windows of one entry have no scale.
  const least = second ? 2 : 1;
  const windows = readWindows(args, "window_size", { fallback: 7, least });
  const pretrained = second
    ? readWindows(args, "pretrained_window_sizes", { fallback: 0, least })
    : windows;
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

/** What a version of the architecture is declared from. */
export interface SwinOptions {
  readonly channels: number;
  readonly patchSize: Size;
  readonly grid: Size;
  readonly stages: readonly StageOptions[];
  readonly common: CommonOptions;
  readonly dropPath: number;
}

/**
 * Reads all arguments.
 * @param args The arguments.
 * @param name Name of the architecture.
 * @param sampleShape Shape of an image.
 * @throws {RangeError} if an argument or its value is not supported.
 */
export function readSwinOptions(
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
  expectImages(name, [height, width], patchSize, second ? 2 : 1);
  return options;
}
