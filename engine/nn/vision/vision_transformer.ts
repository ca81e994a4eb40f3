/**
 * timm's VisionTransformer (Dosovitskiy et al. 2021) with the variations that its arguments name.
 * @module
 */
import { normal } from "../initializers.ts";
import type { Layer, Scope } from "../scope.ts";
import { namedLayer } from "../wrap_scope.ts";
import {
  positionsOf,
  prefixCount,
  readChannels,
  readGrids,
  tokenEmbedding,
  type TokenOptions,
} from "./_tokens.ts";
import { ArgumentReader, oneOf } from "./arguments.ts";
import { ATTENTIONS } from "./attention.ts";
import { dropPathRates } from "./drop_path.ts";
import { MLPS } from "./mlp.ts";
import { layerNorm, normArgument, type NormLayer, NORMS } from "./norms.ts";
import { patchDropout } from "./patch_dropout.ts";
import { patchEmbed, type Size } from "./patch_embed.ts";
import { type BlockOptions, BLOCKS } from "./transformer_blocks.ts";
import type { VisionArchitecture, VisionModel } from "./vision_model.ts";

/** Reads what tokens are made of. */
function readTokens(args: ArgumentReader, images: Size): TokenOptions {
  return {
    ...readGrids(args, images),
    dim: args.integer("embed_dim", 768),
    classToken: args.boolean("class_token", true),
    distToken: args.boolean("distilled", false),
    regTokens: args.integer("reg_tokens", 0, { minimum: 0 }),
    tokenInitializer: normal(1e-6),
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
  const layers = rates.map((rate, index) => {
    const name = `blocks.${index}`;
    const block = declare(scope.child(name), {
      ...common,
      attention: { ...common.attention, index },
      dropPath: rate,
    });
    return namedLayer(scope, name, common.attention.dim, block);
  });
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
  readChannels(args, channels);
  const tokens = readTokens(args, [height, width]);
  const { dim, classToken, patchSize } = tokens;
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
  const dropPatches = patchDropout(args.rate("patch_drop_rate"), prefixCount(tokens));
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
    numPrefixTokens: prefixCount(tokens),
    hasClassToken: classToken,
    positions: positionsOf(tokens),
    forward: (images, context) => layers.reduce((value, layer) => layer(value, context), images),
  };
};
