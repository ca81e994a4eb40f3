/**
 * Low-rank updates of linear layers whose ranks are shared out while they train.
 * Importing this module adds `adalora` to the `peft` slot.
 * @module
 */
import { add, div, mul, sqrt, sub } from "../../engine/ir/elementwise.ts";
import { constant } from "../../engine/ir/create.ts";
import { reshape } from "../../engine/ir/layout.ts";
import { gemm, reduceSumSquare } from "../../engine/ir/matrix.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { constantInitializer, normal, zeros } from "../../engine/nn/initializers.ts";
import { frozen, type Layer, linear } from "../../engine/nn/scope.ts";
import type { WrappedLinear } from "../../engine/nn/wrap_scope.ts";
import {
  choice,
  count,
  flag,
  list,
  nonNegative,
  number,
  options,
  positive,
  rate,
  text,
  whole,
} from "../../registry/options/mod.ts";
import type { Peft, Plugin, RunLength } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { adaptLinears, ATTENTION_AND_NETWORK } from "./_adapters.ts";
import { RankAllocator, type SingularUpdate } from "./_rank_allocator.ts";

/**
 * Config of the `adalora` method.
 * @category Fine-tuning
 */
export interface AdaloraConfig {
  /** Rank that is left to a layer in the end, on average. @default {4} */
  readonly adalora_rank: number;
  /** Rank that every layer begins with. @default {12} */
  readonly adalora_init_rank: number;
  /** Updates are multiplied by this over the first rank. @default {32} */
  readonly adalora_alpha: number;
  /** Dropout rate on what the updates get. @default {0} */
  readonly adalora_dropout: number;
  /**
   * Layers that are updated, by the ends of their names.
   * @default {["attn.q_proj","attn.k_proj","attn.v_proj","attn.proj","mlp.fc1","mlp.fc2"]}
   */
  readonly adalora_target_modules: readonly string[];
  /** Ignored, as `peft` ignores it. @default {false} */
  readonly use_rslora: boolean;
  /** Whether updates begin at zero; otherwise all of their factors are random. @default {true} */
  readonly init_lora_weights: boolean;
  /** Which biases of the encoder train, too. @default {"none"} */
  readonly lora_bias: "none" | "all" | "lora_only";
  /** Weight of the loss that keeps factors orthogonal. @default {0.5} */
  readonly adalora_orth_reg_weight: number;
  /** Decay of the mean importance of a number. @default {0.85} */
  readonly adalora_beta1: number;
  /** Decay of the mean uncertainty of that importance. @default {0.85} */
  readonly adalora_beta2: number;
  /** Updates at the beginning with all ranks. @default {0} */
  readonly adalora_tinit: number;
  /** Updates at the end with the ranks that are left. @default {0} */
  readonly adalora_tfinal: number;
  /** Updates from one sharing out to the next. @default {1} */
  readonly adalora_deltaT: number;
}

const smoothing = (description: string) => number(0.85, description, { above: 0, below: 1 });

const config = options<AdaloraConfig>({
  adalora_rank: count(4, "rank that is left to a layer in the end, on average"),
  adalora_init_rank: count(12, "rank that every layer begins with"),
  adalora_alpha: positive(32, "updates are multiplied by this over the first rank"),
  adalora_dropout: rate(0, "dropout rate on what the updates get"),
  adalora_target_modules: list(
    ATTENTION_AND_NETWORK,
    "layers that are updated, by the ends of their names",
    text,
    { min: 1 },
  ),
  use_rslora: flag(false, "ignored, as peft ignores it"),
  init_lora_weights: flag(true, "begin with updates that are zero"),
  lora_bias: choice("none", "which biases of the encoder train, too", ["none", "all", "lora_only"]),
  adalora_orth_reg_weight: nonNegative(0.5, "weight of the loss that keeps factors orthogonal"),
  adalora_beta1: smoothing("decay of the mean importance of a number"),
  adalora_beta2: smoothing("decay of the mean uncertainty of that importance"),
  adalora_tinit: whole(0, "updates at the beginning with all ranks"),
  adalora_tfinal: whole(0, "updates at the end with the ranks that are left"),
  adalora_deltaT: count(1, "updates from one sharing out to the next"),
});

/**
 * AdaLoRA (Zhang et al. 2023): the encoder is frozen; linear layers learn updates `B E A` whose
 * factors A and B are kept orthogonal by a term of the loss. After every update the entries of E that
 * matter least in the whole encoder are set to zero, more and more of them; the head trains. Names
 * and initial values are those of `peft`.
 *
 * @example Three factors of rank 2 for the queries, keys and values of a small ViT
 * ```ts
 * import { adalora, buildModel, cifar10, configure, timm } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const model = await buildModel([
 *   configure(cifar10, { augmentation: { train_policy: "default" } }),
 *   configure(timm, { type: "test_vit", pretrained: false, model_kwargs: { img_size: 32, depth: 1 } }),
 *   configure(adalora, { adalora_init_rank: 2, adalora_rank: 1, adalora_target_modules: ["attn.proj"] }),
 * ], { sampleShape: [3, 32, 32] });
 * const trained = model.parameters.filter(({ trainable }) => trainable);
 * assertEquals(trained.map(({ shape }) => shape).slice(0, 3), [[2, 64], [2, 1], [64, 2]]);
 * ```
 *
 * @category Fine-tuning
 */
export const adalora: Plugin<"peft", AdaloraConfig> = {
  slot: "peft",
  key: "adalora",
  description: "low-rank updates whose ranks are shared out while they train, and the head",
  config,
  create(config) {
    const { adalora_rank, adalora_init_rank } = config;
    if (adalora_rank > adalora_init_rank) {
      const ranks = `received ${adalora_rank}`;
      throw new RangeError(`expected adalora_rank up to ${adalora_init_rank}, the first; ${ranks}`);
    }
    return allocated(config);
  },
};

function allocated(config: AdaloraConfig): Peft {
  const updates: SingularUpdate[] = [];
  const peft = adaptLinears({
    targets: config.adalora_target_modules,
    bias: config.lora_bias,
    adapt: (layer) => updated(layer, config, updates),
  });
  return {
    ...peft,
    encoder(scope) {
      updates.length = 0;
      return peft.encoder(scope);
    },
    losses: () => ({ orthogonality: orthogonality(updates, config.adalora_orth_reg_weight) }),
    stepHook: (run) => new RankAllocator(updates, scheduleOf(config, run)),
  };
}

function scheduleOf(config: AdaloraConfig, { updates }: RunLength) {
  const { adalora_tinit: first, adalora_tfinal: last } = config;
  if (first < updates - last) {
    return {
      ...{ updates, first, last },
      interval: config.adalora_deltaT,
      rank: config.adalora_rank,
      decays: [config.adalora_beta1, config.adalora_beta2] as const,
    };
  }
  throw new RangeError(
    `expected adalora_tinit and adalora_tfinal to leave some of the ${updates} updates of the run`,
  );
}

function updated(
  layer: WrappedLinear,
  config: AdaloraConfig,
  updates: SingularUpdate[],
): Layer {
  const { inputs, outputs, base, scope } = layer;
  const { adalora_init_rank: rank, adalora_alpha, adalora_dropout, init_lora_weights } = config;
  const factor = normal(init_lora_weights ? 0.02 : 1);
  const declare = (name: string, shape: readonly number[], initializer = factor) =>
    scope.child(name).parameter("default", shape, initializer);
  const right = declare("lora_A", [rank, inputs]);
  const singular = declare("lora_E", [rank, 1], init_lora_weights ? zeros : normal(1));
  const left = declare("lora_B", [outputs, rank]);
  updates.push({ name: layer.name, right, singular, left });
  const ranks = frozen(scope.child("ranknum"))
    .parameter("default", [1], constantInitializer(rank));
  return (x, context) => {
    const kept = context.training ? context.random.dropout(x, adalora_dropout) : x;
    const narrow = mul(linear(kept, right), reshape(singular, [rank]));
    return add(base(x, context), mul(linear(narrow, left), div(adalora_alpha, add(ranks, 1e-5))));
  };
}

/** `weight · mean ‖PᵀP - I‖` over all factors. */
function orthogonality(updates: readonly SingularUpdate[], weight: number): Tensor {
  const norms = updates.flatMap(({ right, left }) => [
    distance(gemm(right, right, { transB: true })),
    distance(gemm(left, left, { transA: true })),
  ]);
  return mul(norms.reduce((sum, norm) => add(sum, norm)), weight / norms.length);
}

/** How far a matrix is from the identity; the gradient of no distance is none. */
function distance(matrix: Tensor): Tensor {
  const size = Number(matrix.shape[0]);
  const one = new Float32Array(size * size);
  for (let i = 0; i < size; i++) one[i * size + i] = 1;
  return sqrt(add(reduceSumSquare(sub(matrix, constant(one, [size, size]))), 1e-30));
}

registry.add(adalora);
