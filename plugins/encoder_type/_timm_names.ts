/** Names that files of others give the parameters of timm's models. */
import type { Family } from "./_timm_table.ts";

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

/** DINOv2's gated layers. */
const dinov2: Rule = (name) =>
  name.replace(/^(blocks\.\d+\.mlp\.)fc1\./, "$1w12.").replace(
    /^(blocks\.\d+\.mlp\.)fc2\./,
    "$1w3.",
  );

const RULES: { readonly [F in Family]: readonly Rule[] } = {
  convnext: [facebookConvNeXt],
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
  return RULES[family].map((rule) => rule(name)).filter((other) => other !== name);
}
