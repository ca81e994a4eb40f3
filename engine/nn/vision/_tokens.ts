/** From patches to the tokens of a transformer: what precedes them, and learned positions. */
import { add } from "../../ir/elementwise.ts";
import { concat, expand } from "../../ir/layout.ts";
import type { Tensor } from "../../ir/node.ts";
import { type Initializer, truncatedNormal } from "../initializers.ts";
import type { Layer, Scope } from "../scope.ts";
import type { ArgumentReader } from "./arguments.ts";
import { gridOf, type Size } from "./patch_embed.ts";
import { resamplePositions } from "./position_embedding.ts";

/** Patches of the images, and those that positions are learned for. */
export interface Grids {
  /** Height and width of a patch in pixels. */
  readonly patchSize: Size;
  /** Grid that the positions are for. */
  readonly learnedGrid: Size;
  /** Grid of the images. */
  readonly grid: Size;
}

/** What precedes the patches, and where positions are added. */
export interface TokenOptions extends Grids {
  readonly dim: number;
  readonly classToken: boolean;
  /** Whether a token of distillation follows the class token. */
  readonly distToken: boolean;
  readonly regTokens: number;
  /** Initial values of the tokens before the patches. */
  readonly tokenInitializer: Initializer;
  /** Whether prefix tokens have no position. */
  readonly noEmbedClass: boolean;
  readonly positions: boolean;
  /** Dropout rate in training. */
  readonly drop: number;
}

/** Adds prefix tokens and positions: from patches to `[batch, prefix + patches, dim]`. */
export function tokenEmbedding(scope: Scope, options: TokenOptions): Layer {
  const { dim, noEmbedClass, learnedGrid, grid, tokenInitializer } = options;
  const prefixTokens = positionedPrefix(options);
  const prefix = prefixOf(options).map(([name, count]) =>
    scope.parameter(name, [1, count, dim], tokenInitializer)
  );
  const count = prefixTokens + learnedGrid[0] * learnedGrid[1];
  const learned = options.positions
    ? scope.parameter("pos_embed", [1, count, dim], truncatedNormal(0.02))
    : undefined;
  return (patches, context) => {
    const positions = learned &&
      resamplePositions(learned, { from: learnedGrid, to: grid, prefixTokens });
    const placed = (x: Tensor) => positions ? add(x, positions) : x;
    const joined = (x: Tensor) => concat([...prefix.map((each) => repeated(each, x)), x], 1);
    const tokens = noEmbedClass ? joined(placed(patches)) : placed(joined(patches));
    return context.training ? context.random.dropout(tokens, options.drop) : tokens;
  };
}

/** Names and numbers of the tokens before the patches. */
function prefixOf(options: TokenOptions): readonly (readonly [name: string, count: number])[] {
  const all = [
    ["cls_token", Number(options.classToken)],
    ["dist_token", Number(options.distToken)],
    ["reg_token", options.regTokens],
  ] as const;
  return all.filter(([, count]) => count > 0);
}

/** How many tokens precede the patches. */
export function prefixCount(options: TokenOptions): number {
  return prefixOf(options).reduce((sum, [, count]) => sum + count, 0);
}

/** How many prefix tokens have a position. */
function positionedPrefix(options: TokenOptions): number {
  return options.noEmbedClass ? 0 : prefixCount(options);
}

/** What the parameter `pos_embed` is laid out for, where there is one. */
export function positionsOf(options: TokenOptions) {
  return options.positions
    ? { grid: options.learnedGrid, prefixTokens: positionedPrefix(options) }
    : undefined;
}

/** A token for each sample: `[batch, count, dim]`. */
function repeated(token: Tensor, like: Tensor): Tensor {
  return expand(token, [like.shape[0], token.shape[1], token.shape[2]], like);
}

/**
 * Reads how images are cut into patches.
 * @param args The arguments.
 * @param images Height and width of the images.
 */
export function readGrids(args: ArgumentReader, images: Size): Grids {
  const patchSize = args.size("patch_size", 16);
  const imageSize = args.size("img_size", 224);
  const dynamic = args.boolean("dynamic_img_size", false);
  args.only("dynamic_img_pad", false);
  const same = imageSize[0] === images[0] && imageSize[1] === images[1];
  if (!dynamic && !same) {
    throw args.refuse("img_size", `[${images}], the size of the images`, imageSize);
  }
  if (dynamic && images.some((side, axis) => side % patchSize[axis] !== 0)) {
    throw args.refuse(
      "patch_size",
      `a divisor of the size of the images, [${images}]`,
      patchSize,
    );
  }
  const grid = gridOf(images, patchSize);
  const learnedGrid = gridOf(imageSize, patchSize);
  if ([...grid, ...learnedGrid].includes(0)) {
    throw args.refuse("patch_size", `no larger than the images, [${images}]`, patchSize);
  }
  return { patchSize, grid, learnedGrid };
}

/** Reads `in_chans`, which must be the channels of the images. */
export function readChannels(args: ArgumentReader, channels: number): number {
  const inChannels = args.integer("in_chans", 3);
  if (inChannels === channels) return channels;
  throw args.refuse("in_chans", `${channels}, the channels of the images`, inChannels);
}
