/**
 * Updates of linear layers that are Kronecker products.
 * Importing this module adds `lokr` to the `peft` slot.
 * @module
 */
import { mul } from "../../engine/ir/elementwise.ts";
import { reshape } from "../../engine/ir/layout.ts";
import { matMul } from "../../engine/ir/matrix.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { torchDefault, zeros } from "../../engine/nn/initializers.ts";
import type { Layer, Scope } from "../../engine/nn/scope.ts";
import type { WrappedLinear } from "../../engine/nn/wrap_scope.ts";
import { count, list, options, positive, rate, text, whole } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { adaptLinears, ATTENTION_AND_OUTPUT } from "./_adapters.ts";
import { addToWeight } from "./_delta_weight.ts";

/**
 * Config of the `lokr` method.
 * @category Fine-tuning
 */
export interface LokrConfig {
  /** Rank of the second factor, where it is large enough to be split. @default {4} */
  readonly lokr_rank: number;
  /** Updates are multiplied by this over the rank. @default {1} */
  readonly lokr_alpha: number;
  /** Probability that a training step leaves out the update of a layer. @default {0} */
  readonly lokr_dropout: number;
  /** Probability that a training step leaves out a row of an update. @default {0} */
  readonly lokr_rank_dropout: number;
  /** Size of the first factor, -1 for one near the root of the layer's. @default {-1} */
  readonly lokr_decompose_factor: number;
  /**
   * Layers that are updated, by the ends of their names.
   * @default {["attn.q_proj","attn.k_proj","attn.v_proj","attn.proj","mlp.fc1_g","mlp.fc1_x","mlp.fc2"]}
   */
  readonly lokr_target_modules: readonly string[];
}

const config = options<LokrConfig>({
  lokr_rank: count(4, "rank of the second factor, where it is large enough to be split"),
  lokr_alpha: positive(1, "updates are multiplied by this over the rank"),
  lokr_dropout: rate(0, "probability that a training step leaves out the update of a layer"),
  lokr_rank_dropout: rate(0, "probability that a training step leaves out a row of an update"),
  lokr_decompose_factor: whole(-1, "size of the first factor, -1 for near the root", { min: -1 }),
  lokr_target_modules: list(
    ATTENTION_AND_OUTPUT,
    "layers that are updated, by the ends of their names",
    text,
    { min: 1 },
  ),
});

/**
 * LoKr (Yeh et al. 2023): the encoder is frozen; linear layers learn updates that are Kronecker
 * products, the second factor of low rank; the head trains. Names and initial values are those of
 * `peft`.
 *
 * @example Two factors for a layer of 64 by 64
 * ```ts
 * import { buildModel, cifar10, configure, lokr, timm } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const model = await buildModel([
 *   configure(cifar10, { augmentation: { train_policy: "default" } }),
 *   configure(timm, { type: "test_vit", pretrained: false, model_kwargs: { img_size: 32, depth: 1 } }),
 *   configure(lokr, { lokr_target_modules: ["attn.proj"] }),
 * ], { sampleShape: [3, 32, 32] });
 * const trained = model.parameters.filter(({ trainable }) => trainable);
 * assertEquals(trained.map(({ shape }) => shape).slice(0, 2), [[8, 8], [8, 8]]);
 * ```
 *
 * @category Fine-tuning
 */
export const lokr: Plugin<"peft", LokrConfig> = {
  slot: "peft",
  key: "lokr",
  description: "updates of linear layers by Kronecker products, and the head",
  config,
  create: (config) =>
    adaptLinears({
      targets: config.lokr_target_modules,
      adapt: (layer) => updated(layer, config),
    }),
};

function updated(layer: WrappedLinear, config: LokrConfig): Layer {
  const { inputs, outputs, scope } = layer;
  const { lokr_rank: rank, lokr_alpha, lokr_dropout, lokr_rank_dropout } = config;
  const [outSmall, outLarge] = factors(outputs, config.lokr_decompose_factor);
  const [inSmall, inLarge] = factors(inputs, config.lokr_decompose_factor);
  const first = scope.child("lokr_w1").parameter("default", [outSmall, inSmall], zeros);
  const second = secondFactor(scope, [outLarge, inLarge], rank);
  const product = mul(
    reshape(first, [outSmall, 1, inSmall, 1]),
    reshape(second, [1, outLarge, 1, inLarge]),
  );
  const delta = mul(reshape(product, [outputs, inputs]), lokr_alpha / rank);
  return addToWeight(layer, delta, {
    module: lokr_dropout,
    rank: lokr_rank_dropout,
    rescale: false,
  });
}

/** A full matrix, or a product of two where the rank is less than half of its larger side. */
function secondFactor(scope: Scope, shape: readonly [number, number], rank: number): Tensor {
  const [rows, columns] = shape;
  if (rank >= Math.max(rows, columns) / 2) {
    return scope.child("lokr_w2").parameter("default", shape, torchDefault(columns));
  }
  const left = scope.child("lokr_w2_a").parameter("default", [rows, rank], torchDefault(rank));
  const right = scope.child("lokr_w2_b").parameter(
    "default",
    [rank, columns],
    torchDefault(columns),
  );
  return matMul(left, right);
}

/** Two factors of a size, as LyCORIS and `peft` choose them; the smaller one first. */
function factors(size: number, factor: number): readonly [number, number] {
  if (factor > 0 && size % factor === 0) return [factor, size / factor];
  const largest = factor === -1 ? size : factor;
  let [small, large] = [1, size];
  while (small < large) {
    let next = small + 1;
    while (size % next !== 0) next++;
    if (next + size / next > small + large || next > largest) break;
    [small, large] = [next, size / next];
  }
  return small > large ? [large, small] : [small, large];
}

registry.add(lokr);
