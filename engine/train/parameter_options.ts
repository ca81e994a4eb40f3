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

/**
 * Works out the options of every parameter.
 *
 * Layer-wise decay follows BERT fine-tuning (Howard & Ruder 2018; Sun et al. 2019): layers are, from
 * the input up, patch embedding (with tokens and positions), each block, the final norm, and the
 * head; a layer `n` below the head learns with `decay ** n` of the rate.
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
  const layers = parameters.map(({ name }) => layerOf(name));
  const order = [...new Set(layers)].sort((a, b) => a - b);
  const depth = (layer: number) => order.length - 1 - order.indexOf(layer);
  return new Map(parameters.map(({ name }, index) => {
    const lrScale = layer_wise_lr_decay === null ? 1 : layer_wise_lr_decay ** depth(layers[index]);
    const decay = undecay_norm && UNDECAYED.test(name) ? 0 : weight_decay;
    return [name, { lrScale, weightDecay: decay }];
  }));
}

/** Rank of a parameter's layer: embedding, blocks, norm, head. */
function layerOf(name: string): number {
  if (name.startsWith("head.")) return Infinity;
  const block = /\.blocks\.(\d+)\./.exec(name);
  if (block) return Number(block[1]) + 1;
  return /\.(patch_embed|(?:cls|dist|reg)_token|pos_embed)/.test(name) ? 0 : Number.MAX_VALUE;
}

/**
 * Whether an encoder has layers that layer-wise decay goes through. Blocks of ConvNeXts are counted
 * anew in every stage.
 * @param parameters Parameters of the model.
 */
export function hasBlocks(parameters: readonly Pick<Parameter, "name">[]): boolean {
  return parameters.some(({ name }) => /^encoder\.(?!.*\.stages\.).*\.blocks\.\d+\./.test(name));
}
