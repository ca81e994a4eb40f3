/** Names that files of others give the parameters of timm's models. */
import type { Family } from "./_timm_table.ts";
import { transformersNames } from "./_transformers_weights.ts";

/** A rule from timm's name to another one; a name that it leaves as it is has none. */
type Rule = (name: string) => string;

/** ConvNeXt as its authors named it (Liu et al. 2022, Woo et al. 2023). */
const facebookConvNeXt: Rule = (name) =>
  name.replace(/^stem\./, "downsample_layers.0.")
    .replace(/^stages\.(\d+)\.downsample\./, "downsample_layers.$1.")
    .replace(/^stages\.(\d+)\.blocks\.(\d+)\./, "stages.$1.$2.")
    .replace(".conv_dw.", ".dwconv.")
    .replace(".mlp.fc", ".pwconv")
    .replace(".mlp.grn.weight", ".grn.gamma")
    .replace(".mlp.grn.bias", ".grn.beta");

/** DINOv2's gated layers and registers. */
const dinov2: Rule = (name) =>
  name.replace(/^(blocks\.\d+\.mlp\.)fc1\./, "$1w12.")
    .replace(/^(blocks\.\d+\.mlp\.)fc2\./, "$1w3.")
    .replace(/^reg_token$/, "register_tokens");

/** EVA-02's gated layers and norms. */
const eva02: Rule = (name) =>
  name.replace(".mlp.fc1_g.", ".mlp.w1.")
    .replace(".mlp.fc1_x.", ".mlp.w2.")
    .replace(/\.mlp\.fc1\./, ".mlp.w12.")
    .replace(".mlp.fc2.", ".mlp.w3.")
    .replace(".mlp.norm.", ".mlp.ffn_ln.")
    .replace(".attn.norm.", ".attn.inner_attn_ln.")
    .replace(".q_proj.bias", ".q_bias")
    .replace(".v_proj.bias", ".v_bias");

/** DINOv3's factors, register tokens and networks. */
const dinov3: Rule = (name) =>
  name.replace(".gamma_1", ".ls1.gamma")
    .replace(".gamma_2", ".ls2.gamma")
    .replace("reg_token", "storage_tokens")
    .replace(".mlp.fc1_g.", ".mlp.w1.")
    .replace(".mlp.fc1_x.", ".mlp.w2.")
    .replace(/^(blocks\.\d+\.mlp\.)fc2\./, "$1w3.");

const RULES: { readonly [F in Family]: readonly Rule[] } = {
  convnext: [facebookConvNeXt],
  eva: [eva02, dinov3],
  efficientnet: [],
  resnet: [],
  swin_transformer: [],
  swin_transformer_v2: [],
  vision_transformer: [dinov2],
};

/**
 * Other names of a parameter.
 * @param family Family of the model.
 * @param name timm's name.
 */
export function timmNames(family: Family, name: string): readonly string[] {
  const others = RULES[family].map((rule) => rule(name)).filter((other) => other !== name);
  return family === "vision_transformer" ? [...others, ...transformersNames(name)] : others;
}
