/**
 * Updates of linear layers that are products, entry by entry, of two of low rank.
 * Importing this module adds `loha` to the `peft` slot.
 * @module
 */
import { mul } from "../../engine/ir/elementwise.ts";
import { matMul } from "../../engine/ir/matrix.ts";
import { torchDefault, zeros } from "../../engine/nn/initializers.ts";
import type { Layer } from "../../engine/nn/scope.ts";
import type { WrappedLinear } from "../../engine/nn/wrap_scope.ts";
import { count, list, options, positive, rate, text } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { adaptLinears, ATTENTION_AND_OUTPUT } from "./_adapters.ts";
import { addToWeight } from "./_delta_weight.ts";

/**
 * Config of the `loha` method.
 * @category Fine-tuning
 */
export interface LohaConfig {
  /** Rank of both factors. @default {4} */
  readonly loha_rank: number;
  /** Updates are multiplied by this over the rank. @default {1} */
  readonly loha_alpha: number;
  /** Probability that a training step leaves out the update of a layer. @default {0} */
  readonly loha_dropout: number;
  /** Probability that a training step leaves out a row of an update. @default {0} */
  readonly loha_rank_dropout: number;
  /**
   * Layers that are updated, by the ends of their names.
   * @default {["attn.q_proj","attn.k_proj","attn.v_proj","attn.proj","mlp.fc1_g","mlp.fc1_x","mlp.fc2"]}
   */
  readonly loha_target_modules: readonly string[];
}

const config = options<LohaConfig>({
  loha_rank: count(4, "rank of both factors"),
  loha_alpha: positive(1, "updates are multiplied by this over the rank"),
  loha_dropout: rate(0, "probability that a training step leaves out the update of a layer"),
  loha_rank_dropout: rate(0, "probability that a training step leaves out a row of an update"),
  loha_target_modules: list(
    ATTENTION_AND_OUTPUT,
    "layers that are updated, by the ends of their names",
    text,
    { min: 1 },
  ),
});

/**
 * LoHa (Hyeon-Woo et al. 2022): the encoder is frozen; linear layers learn updates
 * `(A₁B₁) ⊙ (A₂B₂)`, and the head trains. Names and initial values are those of `peft`.
 *
 * @example Four matrices for each layer
 * ```ts
 * import { buildModel, cifar10, configure, loha, timm } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const model = await buildModel([
 *   configure(cifar10, { augmentation: { train_policy: "default" } }),
 *   configure(timm, { type: "test_vit", pretrained: false, model_kwargs: { img_size: 32, depth: 1 } }),
 *   configure(loha, { loha_target_modules: ["attn.proj"] }),
 * ], { sampleShape: [3, 32, 32] });
 * const trained = model.parameters.filter(({ trainable }) => trainable);
 * assertEquals(trained.map(({ shape }) => shape).slice(0, 4), [[64, 4], [4, 64], [64, 4], [4, 64]]);
 * ```
 *
 * @category Fine-tuning
 */
export const loha: Plugin<"peft", LohaConfig> = {
  slot: "peft",
  key: "loha",
  description: "updates of linear layers by Hadamard products of low rank, and the head",
  config,
  create: (config) =>
    adaptLinears({
      targets: config.loha_target_modules,
      adapt: (layer) => updated(layer, config),
    }),
};

function updated(layer: WrappedLinear, config: LohaConfig): Layer {
  const { inputs, outputs, scope } = layer;
  const { loha_rank: rank, loha_alpha, loha_dropout, loha_rank_dropout } = config;
  const [first, second] = [torchDefault(rank), torchDefault(inputs)];
  const declare = (name: string, shape: readonly number[], initializer = first) =>
    scope.child(name).parameter("default", shape, initializer);
  const left = declare("hada_w1_a", [outputs, rank]);
  const right = declare("hada_w1_b", [rank, inputs], second);
  const otherLeft = declare("hada_w2_a", [outputs, rank]);
  const otherRight = declare("hada_w2_b", [rank, inputs], zeros);
  const delta = mul(mul(matMul(left, right), matMul(otherLeft, otherRight)), loha_alpha / rank);
  return addToWeight(layer, delta, {
    module: loha_dropout,
    rank: loha_rank_dropout,
    rescale: true,
  });
}

registry.add(loha);
