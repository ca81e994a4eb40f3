/**
 * Which learning rate and weight decay each parameter gets.
 * @module
 */
import type { Parameter } from "../nn/scope.ts";
import type { ParameterOptions } from "./interfaces.ts";

/** Rules for all parameters of a model. */
export interface DecayRules {
  /** Weight decay. */
  readonly weight_decay: number;
  /** Whether parameters of norms, and biases, are left undecayed. */
  readonly undecay_norm: boolean;
  /** Factor on the learning rate per layer, counted from the head down; `null` for none. */
  readonly layer_wise_lr_decay: number | null;
}

const UNDECAYED = /norm|bias|bn/;
/** Layers that see images. */
const FIRST = /\.(patch_embed|cls_token|reg_token|pos_embed|conv_stem)/;
/** Stage and block of Swin Transformers and EfficientNets; what leads into a stage has no block. */
const STAGES = [
  /\.layers\.(\d+)\.(?:downsample|blocks\.(\d+))\./,
  /\.blocks\.(\d+)\.(\d+)\./,
];

/**
 * Works out the options of every parameter.
 *
 * Layer-wise decay follows BERT fine-tuning (Howard & Ruder 2018; Sun et al. 2019): layers are, from
 * the input up, patch embedding (with tokens and positions) or stem, each block, stage by stage
 * where there are stages, what follows them, and the head; a layer `n` below the head learns with `decay ** n` of the rate.
 *
 * @param parameters Parameters of the model.
 * @param rules Rules for all of them.
 * @returns Options by parameter name.
 */
export function parameterOptions(
  parameters: readonly Parameter[],
  rules: DecayRules,
): ReadonlyMap<string, ParameterOptions> {
  const { weight_decay, undecay_norm, layer_wise_lr_decay } = rules;
  const stem = parameters.some(({ name }) => name.includes(".conv_stem."));
  const layers = parameters.map(({ name }) => layerOf(name, stem));
  const order = [...new Set(layers)].sort((a, b) => a - b);
  const depth = (layer: number) => order.length - 1 - order.indexOf(layer);
  return new Map(parameters.map(({ name }, index) => {
    const lrScale = layer_wise_lr_decay === null ? 1 : layer_wise_lr_decay ** depth(layers[index]);
    const decay = undecay_norm && UNDECAYED.test(name) ? 0 : weight_decay;
    return [name, { lrScale, weightDecay: decay }];
  }));
}

/** Blocks of one stage, and what leads into it: more than any network has. */
const STAGE = 1_000_000;

/**
 * Rank of a parameter's layer: embedding or stem, blocks, norm, head.
 * @param name Name of the parameter.
 * @param stem Whether a convolution called `conv_stem` sees the images; then `bn1` is its norm.
 */
function layerOf(name: string, stem: boolean): number {
  if (name.startsWith("head.")) return Infinity;
  const [, stage, index] = STAGES.map((places) => places.exec(name)).find((found) => found) ?? [];
  if (stage !== undefined) return STAGE * (Number(stage) + 1) + Number(index ?? 0);
  const block = /\.blocks\.(\d+)\./.exec(name);
  if (block) return Number(block[1]) + 1;
  return FIRST.test(name) || stem && name.includes(".bn1.") ? 0 : Number.MAX_VALUE;
}

/**
 * Whether an encoder has layers that layer-wise decay goes through. Blocks of ConvNeXts are counted
 * anew in every stage.
 * @param parameters Parameters of the model.
 */
export function hasBlocks(parameters: readonly Pick<Parameter, "name">[]): boolean {
  return parameters.some(({ name }) => /^encoder\.(?!.*\.stages\.).*\.blocks\.\d+\./.test(name));
}
