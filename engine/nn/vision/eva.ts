/**
 * timm's Eva: EVA and EVA-02 (Fang et al. 2023), the transformers of DINOv3 (Siméoni et al. 2025),
 * Perception Encoder (Bolya et al. 2025) and ViTs with rotary positions (Heo et al. 2024).
 * @module
 */
import { truncatedNormal } from "../initializers.ts";
import type { Layer, Scope } from "../scope.ts";
import { evaBlock, type EvaBlockOptions, evaBlockPostNorm } from "./_eva_blocks.ts";
import {
  positionsOf,
  prefixCount,
  readChannels,
  readGrids,
  tokenEmbedding,
  type TokenOptions,
} from "./_tokens.ts";
import { activation } from "./activations.ts";
import { ArgumentReader } from "./arguments.ts";
import { dropPathRates } from "./drop_path.ts";
import { mlp, type MlpLayer, type MlpOptions, swiGlu, swiGluPacked } from "./mlp.ts";
import { layerNorm, normArgument, type NormLayer, NORMS } from "./norms.ts";
import { patchEmbed, type Size } from "./patch_embed.ts";
import { type Rope, rope, type RopeKind } from "./rope.ts";
import type { VisionArchitecture, VisionModel } from "./vision_model.ts";

const POOLS = ["", "avg", "avgmax", "max", "token", "map"];
const ROPES: readonly RopeKind[] = ["cat", "mixed", "dinov3"];
/** Standard deviation of initial weights. */
const STD = 0.02;

function readTokens(args: ArgumentReader, images: Size): TokenOptions {
  return {
    ...readGrids(args, images),
    dim: args.integer("embed_dim", 768),
    classToken: args.boolean("class_token", true),
    distToken: false,
    regTokens: args.integer("num_reg_tokens", 0, { minimum: 0 }),
    tokenInitializer: truncatedNormal(STD),
    noEmbedClass: args.boolean("no_embed_class", false),
    positions: args.boolean("use_abs_pos_emb", true),
    drop: args.rate("pos_drop_rate"),
  };
}

/** Reads the kind of network, and how wide it is. */
function readMlp(
  args: ArgumentReader,
  { dim, norm, drop, postNorm }: {
    readonly dim: number;
    readonly norm: NormLayer;
    readonly drop: number;
    readonly postNorm: boolean;
  },
): { readonly layer: MlpLayer; readonly options: MlpOptions } {
  const hidden = Math.trunc(dim * args.positive("mlp_ratio", 4));
  const scaled = args.boolean("scale_mlp", false);
  const align = args.integer("swiglu_align_to", 0, { minimum: 0 });
  const gated = args.boolean("swiglu_mlp", false);
  const common = { dim, bias: true, drop, closedGate: false, norm: scaled ? norm : undefined };
  if (!gated) return { layer: mlp, options: { ...common, hidden, activation: activation("gelu") } };
  const silu = { ...common, activation: activation("silu") };
  // timm aligns the width where gate and value are two layers.
  if (!scaled && (align === 0 || postNorm)) {
    return { layer: swiGluPacked, options: { ...silu, hidden: 2 * hidden } };
  }
  const aligned = align === 0 ? hidden : Math.ceil(hidden / align) * align;
  return { layer: swiGlu, options: { ...silu, hidden: aligned } };
}

/** Reads what all blocks have in common; what depends on the block comes later. */
function readBlock(
  args: ArgumentReader,
  { dim, norm, postNorm }: {
    readonly dim: number;
    readonly norm: NormLayer;
    readonly postNorm: boolean;
  },
): EvaBlockOptions {
  const heads = args.integer("num_heads", 12);
  if (dim % heads !== 0) throw args.refuse("num_heads", `a divisor of embed_dim, ${dim}`, heads);
  const drop = args.rate("proj_drop_rate");
  const { layer, options } = readMlp(args, { dim, norm, drop, postNorm });
  return {
    norm,
    attention: {
      dim,
      heads,
      qkvBias: args.boolean("qkv_bias", true),
      keyBias: args.choice("attn_type", ["eva", "rope"], "eva") === "rope",
      fused: args.boolean("qkv_fused", true),
      projBias: true,
      scaleNorm: args.boolean("scale_attn_inner", false) ? norm : undefined,
      attnDrop: args.rate("attn_drop_rate"),
      projDrop: drop,
      outputStd: STD,
      index: 0,
    },
    mlp: options,
    mlpLayer: layer,
    initValues: args.optionalNumber("init_values"),
    dropPath: 0,
  };
}

/** Reads rotary positions, where there are some. */
function readRope(
  args: ArgumentReader,
  scope: Scope,
  { tokens, heads, depth }: {
    readonly tokens: TokenOptions;
    readonly heads: number;
    readonly depth: number;
  },
): Rope | undefined {
  const used = args.boolean("use_rot_pos_emb", false);
  const kind = args.choice("rope_type", ROPES, "cat");
  const offset = args.optionalNumber("rope_grid_offset", 0) ?? 0;
  const reference = (args.raw("ref_feat_shape") ?? undefined) === undefined
    ? undefined
    : args.size("ref_feat_shape", 0);
  const options = {
    heads,
    depth,
    grid: tokens.grid,
    prefixTokens: prefixCount(tokens),
    temperature: args.positive("rope_temperature", 10000),
    half: args.boolean("rope_rotate_half", false),
    offset,
    reference,
    indexing: args.choice("rope_grid_indexing", ["ij", "xy"], "ij"),
  };
  if (!used) return undefined;
  const width = tokens.dim / heads;
  if (width % 4 !== 0) {
    throw args.refuse("num_heads", "one that leaves heads of a width divisible by 4", heads);
  }
  return rope(scope.child("rope"), kind, { ...options, width });
}

/** Declares all blocks, one after another. */
function blocks(
  scope: Scope,
  common: EvaBlockOptions,
  { postNorm, rates, turns }: {
    readonly postNorm: boolean;
    readonly rates: readonly number[];
    readonly turns?: Rope;
  },
): Layer {
  const declare = postNorm ? evaBlockPostNorm : evaBlock;
  const layers = rates.map((rate, index) => {
    const outputStd = STD / Math.sqrt(2 * (index + 1));
    return declare(scope.child(`blocks.${index}`), {
      ...common,
      attention: { ...common.attention, index, rotate: turns?.(index), outputStd },
      mlp: { ...common.mlp, outputStd },
      dropPath: rate,
    });
  });
  return (x, context) => layers.reduce((value, layer) => layer(value, context), x);
}

/** Whether tokens are normalised at the end, and not their mean, which belongs to the classifier. */
function readFinalNorm(args: ArgumentReader): boolean {
  const pool = args.choice("global_pool", POOLS, "avg");
  const afterPool = args.choice("use_fc_norm", [true, false, null], null) ?? pool === "avg";
  return args.choice("use_post_transformer_norm", [true, false, null], null) ?? !afterPool;
}

/**
 * Declares timm's Eva up to its tokens.
 * @param kwargs timm's arguments; `img_size` must be the size of the images unless
 *   `dynamic_img_size` is true, in which case learned positions are resampled from it.
 * @param context Scope and shape of the images.
 * @returns A model whose output is what timm's `forward_features` gives.
 * @throws {RangeError} if an argument or its value is not supported.
 *
 * @example One block with rotary positions
 * ```ts
 * import { Parameters } from "@glovita/glovita/nn";
 * import { eva } from "@glovita/glovita/vision";
 * import { assertEquals } from "@std/assert";
 *
 * const parameters = new Parameters();
 * const context = { scope: parameters.scope(), sampleShape: [3, 8, 8] };
 * const sizes = { img_size: 8, patch_size: 4, embed_dim: 12, depth: 1, num_heads: 3 };
 * const model = eva({ ...sizes, use_rot_pos_emb: true, num_reg_tokens: 4 }, context);
 * assertEquals([model.embedDim, model.numPrefixTokens], [12, 5]);
 * assertEquals(parameters.list()[2].shape, [1, 9, 12]); // pos_embed
 * ```
 *
 * @category Architectures
 */
export const eva: VisionArchitecture = (kwargs, { scope, sampleShape }): VisionModel => {
  const args = new ArgumentReader("eva", kwargs);
  const [channels, height, width] = sampleShape;
  readChannels(args, channels);
  const tokens = readTokens(args, [height, width]);
  const { dim, classToken, patchSize } = tokens;
  const norm = normArgument(args, "norm_layer", NORMS) ?? layerNorm;
  const preNorm = args.boolean("use_pre_transformer_norm", false);
  const postNorm = args.boolean("use_post_norm", false);
  const common = readBlock(args, { dim, norm, postNorm });
  const { heads } = common.attention;
  const rates = dropPathRates(args.rate("drop_path_rate"), args.integer("depth", 12));
  args.ignore("num_classes", "drop_rate", "head_init_scale");
  args.only("patch_drop_rate", 0);
  args.ignore("attn_pool_num_heads", "attn_pool_mlp_ratio");

  const place = tokenEmbedding(scope, tokens);
  const embed = patchEmbed(scope.child("patch_embed"), {
    patchSize,
    channels,
    dim,
    bias: !preNorm,
  });
  const turns = readRope(args, scope, { tokens, heads, depth: rates.length });
  const normPre = preNorm ? norm(scope.child("norm_pre"), dim) : undefined;
  const transform = blocks(scope, common, { postNorm, rates, turns });
  const finalNorm = readFinalNorm(args) ? norm(scope.child("norm"), dim) : undefined;
  args.finish();
  const layers = [embed, place, normPre, transform, finalNorm].filter((layer) => !!layer);
  return {
    output: "tokens",
    embedDim: dim,
    numPrefixTokens: prefixCount(tokens),
    hasClassToken: classToken,
    positions: positionsOf(tokens),
    forward: (images, context) => layers.reduce((value, layer) => layer(value, context), images),
  };
};
