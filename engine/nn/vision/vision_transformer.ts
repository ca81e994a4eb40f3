/**
 * timm's VisionTransformer (Dosovitskiy et al. 2021) with the variations that its arguments name.
 * @module
 */
import { add } from "../../ir/elementwise.ts";
import { concat, expand } from "../../ir/layout.ts";
import type { Tensor } from "../../ir/node.ts";
import { normal, truncatedNormal } from "../initializers.ts";
import type { Layer, Scope } from "../scope.ts";
import { ArgumentReader, oneOf } from "./arguments.ts";
import { ATTENTIONS } from "./attention.ts";
import { dropPathRates } from "./drop_path.ts";
import { MLPS } from "./mlp.ts";
import { layerNorm, normArgument, type NormLayer, NORMS } from "./norms.ts";
import { patchDropout } from "./patch_dropout.ts";
import { gridOf, patchEmbed, type Size } from "./patch_embed.ts";
import { resamplePositions } from "./position_embedding.ts";
import { type BlockOptions, BLOCKS } from "./transformer_blocks.ts";
import type { VisionArchitecture, VisionModel } from "./vision_model.ts";

/** What precedes the patches, and where positions are added. */
interface TokenOptions {
  readonly dim: number;
  readonly classToken: boolean;
  readonly regTokens: number;
  /** Whether prefix tokens have no position. */
  readonly noEmbedClass: boolean;
  readonly positions: boolean;
  /** Grid that the positions are for. */
  readonly learnedGrid: Size;
  /** Grid of the images. */
  readonly grid: Size;
  /** Dropout rate in training. */
  readonly drop: number;
}

/** Adds prefix tokens and positions: from patches to `[batch, prefix + patches, dim]`. */
function tokenEmbedding(scope: Scope, options: TokenOptions): Layer {
  const { dim, classToken, regTokens, noEmbedClass, learnedGrid, grid } = options;
  const prefixTokens = positionedPrefix(options);
  const token = (name: string, count: number) =>
    scope.parameter(name, [1, count, dim], normal(1e-6));
  const prefix = [
    ...classToken ? [token("cls_token", 1)] : [],
    ...regTokens > 0 ? [token("reg_token", regTokens)] : [],
  ];
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

/** How many prefix tokens have a position. */
function positionedPrefix({ classToken, regTokens, noEmbedClass }: TokenOptions): number {
  return noEmbedClass ? 0 : Number(classToken) + regTokens;
}

/** A token for each sample: `[batch, count, dim]`. */
function repeated(token: Tensor, like: Tensor): Tensor {
  return expand(token, [like.shape[0], token.shape[1], token.shape[2]], like);
}

/** Reads what tokens are made of. */
function readTokens(args: ArgumentReader, images: Size): TokenOptions & { patchSize: Size } {
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
  return {
    patchSize,
    grid,
    learnedGrid,
    dim: args.integer("embed_dim", 768),
    classToken: args.boolean("class_token", true),
    regTokens: args.integer("reg_tokens", 0, { minimum: 0 }),
    noEmbedClass: args.boolean("no_embed_class", false),
    positions: args.choice("pos_embed", ["learn", "none", ""], "learn") === "learn",
    drop: args.rate("pos_drop_rate"),
  };
}

/** Reads what all blocks have in common; index and rate of stochastic depth come later. */
function readBlock(args: ArgumentReader, dim: number, norm: NormLayer): BlockOptions {
  const heads = args.integer("num_heads", 12);
  if (dim % heads !== 0) throw args.refuse("num_heads", `a divisor of embed_dim, ${dim}`, heads);
  const hidden = Math.trunc(dim * args.positive("mlp_ratio", 4));
  const projBias = args.boolean("proj_bias", true);
  const drop = args.rate("proj_drop_rate");
  const optionalNorm = (name: string) => args.boolean(name, false) ? norm : undefined;
  return {
    norm,
    attention: {
      dim,
      heads,
      qkvBias: args.boolean("qkv_bias", true),
      projBias,
      qkNorm: optionalNorm("qk_norm"),
      scaleNorm: optionalNorm("scale_attn_norm"),
      attnDrop: args.rate("attn_drop_rate"),
      projDrop: drop,
      index: 0,
    },
    mlp: {
      dim,
      hidden,
      bias: projBias,
      drop,
      activation: args.activation("act_layer", "gelu"),
      norm: optionalNorm("scale_mlp_norm"),
    },
    attentionLayer: args.named("attn_layer", ATTENTIONS, "attn"),
    mlpLayer: args.named("mlp_layer", MLPS, "Mlp"),
    initValues: args.optionalNumber("init_values"),
    dropPath: 0,
  };
}

/** Declares all blocks, one after another. */
function blocks(scope: Scope, args: ArgumentReader, common: BlockOptions): Layer {
  const declare = args.named("block_fn", BLOCKS, "Block");
  const rates = dropPathRates(args.rate("drop_path_rate"), args.integer("depth", 12));
  const layers = rates.map((rate, index) =>
    declare(scope.child(`blocks.${index}`), {
      ...common,
      attention: { ...common.attention, index },
      dropPath: rate,
    })
  );
  return (x, context) => layers.reduce((value, layer) => layer(value, context), x);
}

/** Whether tokens are normalised at the end, and not their mean, which belongs to the classifier. */
function readFinalNorm(args: ArgumentReader, classToken: boolean): boolean {
  const pools = ["token", "", "avg", "avgmax", "max", "map", "prr"];
  const pool = args.choice("global_pool", pools, "token");
  if (pool === "token" && !classToken) {
    throw args.refuse("global_pool", oneOf(pools.slice(1)), pool);
  }
  const averages = ["avg", "avgmax", "max"].includes(pool);
  const afterPool = args.choice("fc_norm", [true, false, null], null) ?? averages;
  return args.boolean("final_norm", true) && !afterPool;
}

/**
 * Declares timm's VisionTransformer up to its tokens.
 * @param kwargs timm's arguments; `img_size` must be the size of the images unless
 *   `dynamic_img_size` is true, in which case positions are resampled from it.
 * @param context Scope and shape of the images.
 * @returns A model whose output is what timm's `forward_features` gives.
 * @throws {RangeError} if an argument or its value is not supported.
 *
 * @example One block over four patches
 * ```ts
 * import { Parameters } from "@glovita/glovita/nn";
 * import { visionTransformer } from "@glovita/glovita/vision";
 * import { assertEquals } from "@std/assert";
 *
 * const parameters = new Parameters();
 * const context = { scope: parameters.scope(), sampleShape: [3, 8, 8] };
 * const kwargs = { img_size: 8, patch_size: 4, embed_dim: 12, depth: 1, num_heads: 3 };
 * assertEquals(visionTransformer(kwargs, context).embedDim, 12);
 * assertEquals(parameters.list()[1].name, "pos_embed");
 * assertEquals(parameters.list()[1].shape, [1, 5, 12]);
 * ```
 *
 * @category Architectures
 */
export const visionTransformer: VisionArchitecture = (
  kwargs,
  { scope, sampleShape },
): VisionModel => {
  const args = new ArgumentReader("vision_transformer", kwargs);
  const [channels, height, width] = sampleShape;
  const inChannels = args.integer("in_chans", 3);
  if (inChannels !== channels) {
    throw args.refuse("in_chans", `${channels}, the channels of the images`, inChannels);
  }
  const tokens = readTokens(args, [height, width]);
  const { dim, classToken, regTokens, patchSize } = tokens;
  const norm = normArgument(args, "norm_layer", NORMS) ?? layerNorm;
  const preNorm = args.boolean("pre_norm", false);
  const embedNorm = normArgument(args, "embed_norm_layer", NORMS);
  args.ignore("num_classes", "drop_rate", "pool_include_prefix");
  args.only("weight_init", "");
  args.only("fix_init", false);
  const common = readBlock(args, dim, norm);

  const place = tokenEmbedding(scope, tokens);
  const embed = patchEmbed(scope.child("patch_embed"), {
    patchSize,
    channels,
    dim,
    bias: !preNorm,
    norm: embedNorm,
  });
  const dropPatches = patchDropout(
    args.rate("patch_drop_rate"),
    Number(classToken) + regTokens,
  );
  const normPre = preNorm ? norm(scope.child("norm_pre"), dim) : undefined;
  const transform = blocks(scope, args, common);
  const finalNorm = readFinalNorm(args, classToken) ? norm(scope.child("norm"), dim) : undefined;
  args.finish();
  const layers = [embed, place, dropPatches, normPre, transform, finalNorm].filter((layer) =>
    !!layer
  );
  return {
    output: "tokens",
    embedDim: dim,
    numPrefixTokens: Number(classToken) + regTokens,
    hasClassToken: classToken,
    positions: tokens.positions
      ? { grid: tokens.learnedGrid, prefixTokens: positionedPrefix(tokens) }
      : undefined,
    forward: (images, context) => layers.reduce((value, layer) => layer(value, context), images),
  };
};
