/**
 * From images to patches: timm's PatchEmbed.
 * @module
 */
import { reshape, transpose } from "../../ir/layout.ts";
import { slice } from "../../ir/indexing.ts";
import type { Tensor } from "../../ir/node.ts";
import { torchDefault } from "../initializers.ts";
import { type Layer, linear, type Scope } from "../scope.ts";
import type { NormLayer } from "./norms.ts";

/**
 * Height and width.
 * @category Architectures
 */
export type Size = readonly [height: number, width: number];

/** What a patch embedding is made of. */
export interface PatchEmbedOptions {
  /** Size of a patch in pixels. */
  readonly patchSize: Size;
  /** Channels of the images. */
  readonly channels: number;
  /** Width of the tokens. */
  readonly dim: number;
  /** Whether the projection has a bias. */
  readonly bias: boolean;
  /** Normalises the tokens. @default {none} */
  readonly norm?: NormLayer;
}

/**
 * How many patches an image has; what is left at the right and the bottom is not looked at.
 * @param size Size of the image in pixels.
 * @param patchSize Size of a patch in pixels.
 */
export function gridOf(size: Size, patchSize: Size): Size {
  return [Math.floor(size[0] / patchSize[0]), Math.floor(size[1] / patchSize[1])];
}

/**
 * Cuts images into patches.
 * @param images `[batch, channels, height, width]`.
 * @param patchSize Size of a patch in pixels.
 * @returns `[batch, patches, channels · patch height · patch width]`, row by row.
 */
function patchesOf(images: Tensor, patchSize: Size): Tensor {
  const [batch, channels, height, width] = images.shape;
  const [p, q] = patchSize;
  const [rows, columns] = gridOf([Number(height), Number(width)], patchSize);
  const covered = slice(slice(images, 2, 0, rows * p), 3, 0, columns * q);
  const cut = reshape(covered, [batch, channels, rows, p, columns, q]);
  const grouped = transpose(cut, [0, 2, 4, 1, 3, 5]);
  return reshape(grouped, [batch, rows * columns, Number(channels) * p * q]);
}

/**
 * A linear map of patches, with the parameters of a convolution: `proj.weight`
 * `[dim, channels, height, width]` and `proj.bias`.
 * @param scope Where the parameters stand.
 * @param options Sizes, bias and norm.
 * @returns A layer from images to tokens `[batch, patches, dim]`.
 */
export function patchEmbed(scope: Scope, options: PatchEmbedOptions): Layer {
  const { patchSize, channels, dim } = options;
  const inputs = channels * patchSize[0] * patchSize[1];
  const proj = scope.child("proj");
  const kernel = proj.parameter("weight", [dim, channels, ...patchSize], torchDefault(inputs));
  const bias = options.bias ? proj.parameter("bias", [dim], torchDefault(inputs)) : undefined;
  const norm = options.norm?.(scope.child("norm"), dim);
  return (images, context) => {
    const weight = reshape(kernel, [dim, inputs]);
    const tokens = linear(patchesOf(images, patchSize), weight, bias);
    return norm?.(tokens, context) ?? tokens;
  };
}
