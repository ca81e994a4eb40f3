/**
 * Small rotations of what linear layers get, and scales of what they give.
 * Importing this module adds `boft` to the `peft` slot.
 * @module
 */
import { mul, sub } from "../../engine/ir/elementwise.ts";
import { reshape, transpose } from "../../engine/ir/layout.ts";
import { ones, zeros } from "../../engine/nn/initializers.ts";
import { type Layer, linear } from "../../engine/nn/scope.ts";
import type { WrappedLinear } from "../../engine/nn/wrap_scope.ts";
import { choice, count, list, options, rate, text } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { adaptLinears, ATTENTION_AND_NETWORK } from "./_adapters.ts";
import { cayley, dropRotations, rotateInputs } from "./_rotations.ts";

/**
 * Config of the `boft` method.
 * @category Fine-tuning
 */
export interface BoftConfig {
  /** Inputs in a block; it has to divide those of every layer. @default {8} */
  readonly boft_block_size: number;
  /** Factors of a rotation; `peft` has more than one only on CUDA. @default {1} */
  readonly boft_n_butterfly_factor: 1;
  /** Share of the blocks that a training step does not rotate. @default {0} */
  readonly boft_dropout: number;
  /**
   * Layers whose inputs are rotated, by the ends of their names.
   * @default {["attn.q_proj","attn.k_proj","attn.v_proj","attn.proj","mlp.fc1","mlp.fc2"]}
   */
  readonly boft_target_modules: readonly string[];
  /** Which biases of the encoder train, too. @default {"none"} */
  readonly boft_bias: "none" | "all";
}

const config = options<BoftConfig>({
  boft_block_size: count(8, "inputs in a block; it has to divide those of every layer"),
  boft_n_butterfly_factor: choice(1, "factors of a rotation", [1]),
  boft_dropout: rate(0, "share of the blocks that a training step does not rotate"),
  boft_target_modules: list(
    ATTENTION_AND_NETWORK,
    "layers whose inputs are rotated, by the ends of their names",
    text,
    { min: 1 },
  ),
  boft_bias: choice("none", "which biases of the encoder train, too", ["none", "all"]),
});

/**
 * BOFT (Liu et al. 2024) with one factor: the encoder is frozen; what linear layers get is rotated
 * in small blocks, what they give is scaled, and the head trains. Names and initial values are those
 * of `peft`.
 *
 * @example The rotations of a layer of 64 inputs, and its scales
 * ```ts
 * import { boft, buildModel, cifar10, configure, timm } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const model = await buildModel([
 *   configure(cifar10, { augmentation: { train_policy: "default" } }),
 *   configure(timm, { type: "test_vit", pretrained: false, model_kwargs: { img_size: 32, depth: 1 } }),
 *   configure(boft, { boft_target_modules: ["attn.proj"] }),
 * ], { sampleShape: [3, 32, 32] });
 * const trained = model.parameters.filter(({ trainable }) => trainable);
 * assertEquals(trained.map(({ shape }) => shape).slice(0, 2), [[1, 8, 8, 8], [64, 1]]);
 * ```
 *
 * @category Fine-tuning
 */
export const boft: Plugin<"peft", BoftConfig> = {
  slot: "peft",
  key: "boft",
  description: "small rotations of what linear layers get, scales of what they give, and the head",
  config,
  create: (config) =>
    adaptLinears({
      targets: config.boft_target_modules,
      bias: config.boft_bias,
      adapt: (layer) => withRotation(layer, config),
    }),
};

function withRotation(layer: WrappedLinear, config: BoftConfig): Layer {
  const { name, weight, bias, inputs, outputs, scope } = layer;
  const size = config.boft_block_size;
  if (inputs % size !== 0) {
    const found = `the ${inputs} inputs of "${name}" are not`;
    throw new RangeError(`expected layers with inputs in blocks of ${size}, ${found}`);
  }
  const blocks = inputs / size;
  const place = (last: string) => scope.child(last);
  const free = place("boft_R").parameter("default", [1, blocks, size, size], zeros);
  const scale = place("boft_s").parameter("default", [outputs, 1], ones);
  return (x, context) => {
    const matrices = reshape(free, [blocks, size, size]);
    const skew = mul(sub(matrices, transpose(matrices, [0, 2, 1])), 0.5);
    const rotations = dropRotations(cayley(skew), config.boft_dropout, context);
    return linear(x, mul(rotateInputs(weight, rotations), scale), bias);
  };
}

registry.add(boft);
