/**
 * What the architectures of vision models have in common.
 * @module
 */
import type { Tensor } from "../../ir/node.ts";
import type { ForwardContext, Scope } from "../scope.ts";

/**
 * A network that turns images into features; timm's model up to `forward_features`.
 * @category Architectures
 */
export interface VisionModel {
  /**
   * Layout of the output: `tokens` `[batch, tokens, embed_dim]` with prefix tokens first, `map`
   * `[batch, embed_dim, height, width]`, or `features` `[batch, embed_dim]`.
   */
  readonly output: "tokens" | "map" | "features";
  /** Width of the output. */
  readonly embedDim: number;
  /** For `tokens`: how many tokens precede the patches, class token first. @default {0} */
  readonly numPrefixTokens?: number;
  /** For `tokens`: whether the first token is a class token. @default {false} */
  readonly hasClassToken?: boolean;
  /** For `tokens`: what the parameter `pos_embed` is laid out for, where there is one. */
  readonly positions?: {
    /** Rows and columns of patches. */
    readonly grid: readonly [rows: number, columns: number];
    /** How many embeddings of prefix tokens precede those of the patches. */
    readonly prefixTokens: number;
  };
  /** Windows that tables of relative positions are laid out for, by the names of the attentions. */
  readonly windows?: ReadonlyMap<string, readonly [rows: number, columns: number]>;
  /**
   * Builds the graph.
   * @param images `[batch, channels, height, width]`, normalised.
   * @param context Mode and random numbers.
   */
  forward(images: Tensor, context: ForwardContext): Tensor;
}

/**
 * What an architecture gets besides its arguments.
 * @category Architectures
 */
export interface VisionModelContext {
  /** Where it asks for parameters; they have timm's names relative to it. */
  readonly scope: Scope;
  /** Shape of one image: `[channels, height, width]`. */
  readonly sampleShape: readonly number[];
}

/**
 * Declares the parameters of an architecture.
 * @param kwargs timm's constructor arguments.
 * @param context Scope and shape of the images.
 * @throws {RangeError} if an argument or its value is not supported; the message names both, and
 *   what is.
 * @category Architectures
 */
export type VisionArchitecture = (
  kwargs: Readonly<Record<string, unknown>>,
  context: VisionModelContext,
) => VisionModel;
