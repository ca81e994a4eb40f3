/**
 * Low-rank updates of linear layers.
 * Importing this module adds `lora` to the `peft` slot.
 * @module
 */
import { add, detach, div, max, mul, sqrt, sub } from "../../engine/ir/elementwise.ts";
import { matMul, reduceSumSquare } from "../../engine/ir/matrix.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { startFrom, torchDefault, zeros } from "../../engine/nn/initializers.ts";
import { type Layer, linear } from "../../engine/nn/scope.ts";
import type { WrappedLinear } from "../../engine/nn/wrap_scope.ts";
import {
  choice,
  count,
  flag,
  list,
  options,
  positive,
  rate,
  text,
} from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { adaptLinears, ATTENTION_AND_OUTPUT } from "./_adapters.ts";

/**
 * Config of the `lora` method.
 * @category Fine-tuning
 */
export interface LoraConfig {
  /** Rank of the updates. @default {8} */
  readonly lora_rank: number;
  /** Updates are multiplied by this over the rank. @default {16} */
  readonly lora_alpha: number;
  /** Dropout rate on what the updates get. @default {0.01} */
  readonly lora_dropout: number;
  /**
   * Layers that are updated, by the ends of their names.
   * @default {["attn.q_proj","attn.k_proj","attn.v_proj","attn.proj","mlp.fc1_g","mlp.fc1_x","mlp.fc2"]}
   */
  readonly lora_target_modules: readonly string[];
  /** Whether alpha is divided by the root of the rank (Kalajdzievski 2023). @default {false} */
  readonly use_rslora: boolean;
  /**
   * Whether each output's weights have a length of their own that trains, and updates turn them
   * (DoRA, Liu et al. 2024). @default {false}
   */
  readonly use_dora: boolean;
  /** Whether updates begin at zero; otherwise both matrices are random. @default {true} */
  readonly init_lora_weights: boolean;
  /** Which biases of the encoder train, too. @default {"none"} */
  readonly lora_bias: "none" | "all" | "lora_only";
}

const config = options<LoraConfig>({
  lora_rank: count(8, "rank of the updates"),
  lora_alpha: positive(16, "updates are multiplied by this over the rank"),
  lora_dropout: rate(0.01, "dropout rate on what the updates get"),
  lora_target_modules: list(
    ATTENTION_AND_OUTPUT,
    "layers that are updated, by the ends of their names",
    text,
    { min: 1 },
  ),
  use_rslora: flag(false, "divide alpha by the root of the rank"),
  use_dora: flag(false, "also train the length of each output's weights"),
  init_lora_weights: flag(true, "begin with updates that are zero"),
  lora_bias: choice("none", "which biases of the encoder train, too", ["none", "all", "lora_only"]),
});

/**
 * LoRA (Hu et al. 2021): the encoder is frozen, linear layers learn updates of low rank, the head
 * trains. Names, initial values and options are those of `peft`, which reads its checkpoints.
 *
 * @example Updates of rank 4 for the queries, keys and values of a small ViT
 * ```ts
 * import { buildModel, cifar10, configure, lora, timm } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const model = await buildModel([
 *   configure(cifar10, { augmentation: { train_policy: "default" } }),
 *   configure(timm, { type: "test_vit", pretrained: false, model_kwargs: { img_size: 32, depth: 1 } }),
 *   configure(lora, { lora_rank: 4, lora_target_modules: ["attn.q_proj"] }),
 * ], { sampleShape: [3, 32, 32] });
 * const trained = model.parameters.filter(({ trainable }) => trainable);
 * assertEquals(trained.map(({ name }) => name), [
 *   "encoder.model.blocks.0.attn.qkv.lora_A.default.weight",
 *   "encoder.model.blocks.0.attn.qkv.lora_B.default.weight",
 *   "head.fc.fc.weight",
 *   "head.fc.fc.bias",
 * ]);
 * ```
 *
 * @category Fine-tuning
 */
export const lora: Plugin<"peft", LoraConfig> = {
  slot: "peft",
  key: "lora",
  description: "low-rank updates of linear layers, and the head",
  config,
  create: (config) =>
    adaptLinears({
      targets: config.lora_target_modules,
      bias: config.lora_bias,
      adapt: (layer) => updated(layer, config),
    }),
};

/** What is added to a layer's weight. */
interface Update {
  /** `[rank, inputs]`. */
  readonly down: Tensor;
  /** `[outputs, rank]`. */
  readonly up: Tensor;
  readonly scaling: number;
}

function updated(layer: WrappedLinear, config: LoraConfig): Layer {
  const { inputs, outputs, base, scope } = layer;
  const { lora_rank: rank, lora_alpha: alpha, lora_dropout, init_lora_weights } = config;
  const start = init_lora_weights ? zeros : torchDefault(rank);
  const down = scope.child("lora_A.default").parameter(
    "weight",
    [rank, inputs],
    torchDefault(inputs),
  );
  const up = scope.child("lora_B.default").parameter("weight", [outputs, rank], start);
  const scaling = alpha / (config.use_rslora ? Math.sqrt(rank) : rank);
  if (config.use_dora) return turned(layer, { down, up, scaling }, lora_dropout);
  return (x, context) => {
    const kept = context.training ? context.random.dropout(x, lora_dropout) : x;
    return linear(mul(linear(kept, down), scaling), up, base(x, context));
  };
}

/**
 * DoRA: `m ⊙ V / ‖V‖` in the place of the weight, where V is the updated weight and the lengths of
 * its rows count as constant in the gradient. Dropout acts on what the weight itself gets, too, but
 * for the output that the layer would give without the method.
 */
function turned(layer: WrappedLinear, update: Update, dropout: number): Layer {
  const { weight, bias, outputs, base, scope } = layer;
  const { down, up, scaling } = update;
  const magnitude = scope.child("lora_magnitude_vector.default").parameter(
    "weight",
    [outputs],
    startFrom([weight, up, down], (values) => rowLengths(values, layer, scaling)),
  );
  return (x, context) => {
    const turnedWeight = detach(add(weight, mul(matMul(up, down), scaling)));
    const length = sqrt(reduceSumSquare(turnedWeight, { axes: [1] }));
    const scale = div(magnitude, max(length, 1e-12)); // A row of zeros stays one.
    const kept = context.training ? context.random.dropout(x, dropout) : x;
    const learned = mul(linear(linear(kept, down), up), scaling);
    if (kept === x) {
      const whole = mul(add(linear(x, weight), learned), scale);
      return bias === undefined ? whole : add(whole, bias);
    }
    const own = mul(linear(kept, weight), sub(scale, 1));
    return add(base(x, context), add(own, mul(learned, scale)));
  };
}

/** Lengths of the rows of `W + s B A`. */
function rowLengths(
  [weight, up, down]: readonly Float32Array[],
  { inputs, outputs }: WrappedLinear,
  scaling: number,
): Float32Array<ArrayBuffer> {
  const rank = down.length / inputs;
  return Float32Array.from({ length: outputs }, (_, row) => {
    const factors = up.subarray(row * rank, (row + 1) * rank);
    let square = 0;
    for (let column = 0; column < inputs; column++) {
      let value = weight[row * inputs + column];
      for (const [k, factor] of factors.entries()) {
        value += scaling * factor * down[k * inputs + column];
      }
      square += value * value;
    }
    return Math.sqrt(square);
  });
}

registry.add(lora);
