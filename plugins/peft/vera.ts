/**
 * Updates of linear layers by random matrices that all layers share.
 * Importing this module adds `vera` to the `peft` slot.
 * @module
 */
import { constant } from "../../engine/ir/create.ts";
import { add, mul } from "../../engine/ir/elementwise.ts";
import { slice } from "../../engine/ir/indexing.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { constantInitializer, zeros } from "../../engine/nn/initializers.ts";
import { type Layer, linear } from "../../engine/nn/scope.ts";
import type { WrappedLinear } from "../../engine/nn/wrap_scope.ts";
import { count, list, options, rate, text, whole } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { adaptLinears, ATTENTION_AND_OUTPUT } from "./_adapters.ts";
import { MersenneTwister } from "./_mersenne_twister.ts";

/**
 * Config of the `vera` method.
 * @category Fine-tuning
 */
export interface VeraConfig {
  /** Rank of the updates. @default {8} */
  readonly vera_rank: number;
  /** Dropout rate on what the updates get. @default {0.01} */
  readonly vera_dropout: number;
  /** Seed of the random matrices. @default {0} */
  readonly vera_projection_prng_key: number;
  /**
   * Layers that are updated, by the ends of their names.
   * @default {["attn.q_proj","attn.k_proj","attn.v_proj","attn.proj","mlp.fc1_g","mlp.fc1_x","mlp.fc2"]}
   */
  readonly vera_target_modules: readonly string[];
}

const config = options<VeraConfig>({
  vera_rank: count(8, "rank of the updates"),
  vera_dropout: rate(0.01, "dropout rate on what the updates get"),
  vera_projection_prng_key: whole(0, "seed of the random matrices", { min: 0 }),
  vera_target_modules: list(
    ATTENTION_AND_OUTPUT,
    "layers that are updated, by the ends of their names",
    text,
    { min: 1 },
  ),
});

/**
 * VeRA (Kopiczko et al. 2024): the encoder is frozen; linear layers learn two scales around random
 * matrices that all of them share, and the head trains. The matrices are drawn from their seed as
 * `peft` draws them, and are not part of checkpoints, as with its `save_projection=False`.
 *
 * @example Two vectors for each layer
 * ```ts
 * import { buildModel, cifar10, configure, timm, vera } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const model = await buildModel([
 *   configure(cifar10, { augmentation: { train_policy: "default" } }),
 *   configure(timm, { type: "test_vit", pretrained: false, model_kwargs: { img_size: 32, depth: 1 } }),
 *   configure(vera, { vera_target_modules: ["attn.proj"] }),
 * ], { sampleShape: [3, 32, 32] });
 * const trained = model.parameters.filter(({ trainable }) => trainable);
 * assertEquals(trained.map(({ shape }) => shape).slice(0, 2), [[64], [8]]);
 * ```
 *
 * @category Fine-tuning
 */
export const vera: Plugin<"peft", VeraConfig> = {
  slot: "peft",
  key: "vera",
  description: "scales around shared random updates of linear layers, and the head",
  config,
  create(config) {
    const shared = new Projections(config.vera_rank, config.vera_projection_prng_key);
    return adaptLinears({
      targets: config.vera_target_modules,
      adapt: (layer) => updated(layer, { ...config, shared }),
    });
  },
};

interface VeraLayer extends VeraConfig {
  readonly shared: Projections;
}

function updated(
  { inputs, outputs, base, scope }: WrappedLinear,
  { vera_rank: rank, vera_dropout, shared }: VeraLayer,
): Layer {
  shared.cover(inputs, outputs);
  const outer = scope.child("vera_lambda_b").parameter("default", [outputs], zeros);
  const inner = scope.child("vera_lambda_d").parameter("default", [rank], constantInitializer(0.1));
  return (x, context) => {
    const kept = context.training ? context.random.dropout(x, vera_dropout) : x;
    const { down, up } = shared.matrices();
    const narrow = mul(linear(kept, slice(down, 1, 0, inputs)), inner);
    return add(base(x, context), mul(linear(narrow, slice(up, 0, 0, outputs)), outer));
  };
}

interface Matrices {
  /** `[rank, inputs of the widest layer]`. */
  readonly down: Tensor;
  /** `[outputs of the widest layer, rank]`. */
  readonly up: Tensor;
}

/** The random matrices, as large as the widest layers need them. */
class Projections {
  readonly #rank: number;
  readonly #seed: number;
  #inputs = 0;
  #outputs = 0;
  #made: Matrices | undefined;

  constructor(rank: number, seed: number) {
    this.#rank = rank;
    this.#seed = seed;
  }

  cover(inputs: number, outputs: number): void {
    this.#inputs = Math.max(this.#inputs, inputs);
    this.#outputs = Math.max(this.#outputs, outputs);
  }

  /** Once all layers are declared. */
  matrices(): Matrices {
    if (this.#made !== undefined) return this.#made;
    const random = new MersenneTwister(this.#seed);
    const down = kaimingUniform([this.#rank, this.#inputs], random);
    const up = kaimingUniform([this.#outputs, this.#rank], random);
    return this.#made = { down, up };
  }
}

/** `torch.nn.init.kaiming_uniform_` with a = 0 for a matrix, bit for bit. */
function kaimingUniform(shape: readonly [number, number], random: MersenneTwister): Tensor {
  const [rows, columns] = shape;
  const bound = Math.fround(Math.sqrt(2) / Math.sqrt(columns) * Math.sqrt(3));
  const values = new Float32Array(rows * columns);
  for (let i = 0; i < values.length; i++) {
    const unit = (random.next() & 0xffffff) / 2 ** 24;
    values[i] = Math.fround(unit * (2 * bound)) - bound;
  }
  return constant(values, shape);
}

registry.add(vera);
