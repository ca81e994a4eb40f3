/**
 * Rotations of what linear layers get.
 * Importing this module adds `oft` to the `peft` slot.
 * @module
 */
import { add, detach, div, min, mul, sqrt, sub } from "../../engine/ir/elementwise.ts";
import { reduceSumSquare } from "../../engine/ir/matrix.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { zeros } from "../../engine/nn/initializers.ts";
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
import type { Peft, Plugin, StepValues } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { adaptLinears, ATTENTION_AND_NETWORK } from "./_adapters.ts";
import { cayley, cayleyNeumann, dropRotations, rotateInputs, skewMatrices } from "./_rotations.ts";

/**
 * Config of the `oft` method.
 * @category Fine-tuning
 */
export interface OftConfig {
  /** Blocks that a layer's inputs are divided into; the nearest number that divides them. @default {8} */
  readonly oft_r: number;
  /** Share of the blocks that a training step does not rotate. @default {0} */
  readonly oft_dropout: number;
  /**
   * Layers whose inputs are rotated, by the ends of their names.
   * @default {["attn.q_proj","attn.k_proj","attn.v_proj","attn.proj","mlp.fc1","mlp.fc2"]}
   */
  readonly oft_target_modules: readonly string[];
  /** Whether rotations stay small (constrained OFT). @default {false} */
  readonly oft_coft: boolean;
  /** How small: the norm of what makes the rotation of a layer, where they do. @default {0.00006} */
  readonly oft_eps: number;
  /** Which biases of the encoder train, too. @default {"none"} */
  readonly oft_bias: "none" | "all";
  /** Whether rotations are approximated by a series, which is faster. @default {true} */
  readonly oft_use_cayley_neumann: boolean;
}

const config = options<OftConfig>({
  oft_r: count(8, "blocks of a layer's inputs; the nearest number that divides them"),
  oft_dropout: rate(0, "share of the blocks that a training step does not rotate"),
  oft_target_modules: list(
    ATTENTION_AND_NETWORK,
    "layers whose inputs are rotated, by the ends of their names",
    text,
    { min: 1 },
  ),
  oft_coft: flag(false, "let rotations stay small"),
  oft_eps: positive(6e-5, "how small: the norm of what makes the rotation of a layer"),
  oft_bias: choice("none", "which biases of the encoder train, too", ["none", "all"]),
  oft_use_cayley_neumann: flag(true, "approximate rotations by a series, which is faster"),
});

/**
 * OFT (Qiu et al. 2023): the encoder is frozen; what linear layers get is rotated, block by block,
 * by what trains, and the head trains. Names and initial values are those of `peft`.
 *
 * @example The angles of a layer of 64 inputs in 8 blocks
 * ```ts
 * import { buildModel, cifar10, configure, oft, timm } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const model = await buildModel([
 *   configure(cifar10, { augmentation: { train_policy: "default" } }),
 *   configure(timm, { type: "test_vit", pretrained: false, model_kwargs: { img_size: 32, depth: 1 } }),
 *   configure(oft, { oft_target_modules: ["attn.proj"] }),
 * ], { sampleShape: [3, 32, 32] });
 * const [{ name, shape }] = model.parameters.filter(({ trainable }) => trainable);
 * assertEquals(name, "encoder.model.blocks.0.attn.proj.oft_R.default.weight");
 * assertEquals(shape, [8, 8 * 7 / 2]);
 * ```
 *
 * @category Fine-tuning
 */
export const oft: Plugin<"peft", OftConfig> = {
  slot: "peft",
  key: "oft",
  description: "rotations of what linear layers get, and the head",
  config,
  create: (config) => rotated(config),
};

function rotated(config: OftConfig): Peft {
  const angles: Tensor[] = [];
  const peft = adaptLinears({
    targets: config.oft_target_modules,
    bias: config.oft_bias,
    adapt: (layer) => withRotation(layer, config, angles),
  });
  const encoder: Peft["encoder"] = (scope) => {
    angles.length = 0;
    return peft.encoder(scope);
  };
  if (!config.oft_coft) return { ...peft, encoder };
  const shrink = ({ value }: StepValues) => {
    for (const tensor of angles) shrinkAll(value(tensor), tensor, config.oft_eps);
  };
  return { ...peft, encoder, stepHook: () => ({ start: shrink, afterUpdate: shrink }) };
}

function withRotation(layer: WrappedLinear, config: OftConfig, angles: Tensor[]): Layer {
  const { weight, bias, inputs, scope } = layer;
  const blocks = dividing(inputs, config.oft_r);
  const size = inputs / blocks;
  const shape = [blocks, size * (size - 1) / 2];
  const angle = scope.child("oft_R.default").parameter("weight", shape, zeros);
  angles.push(angle);
  const transform = config.oft_use_cayley_neumann ? cayleyNeumann : cayley;
  return (x, context) => {
    const kept = config.oft_coft ? shrunk(angle, config.oft_eps) : angle;
    const rotations = transform(skewMatrices(kept, size));
    const some = dropRotations(rotations, config.oft_dropout, context);
    return linear(x, rotateInputs(weight, some), bias);
  };
}

/** The divisor of a size that is nearest to a number, the smaller of two, as `peft` chooses it. */
function dividing(size: number, wanted: number): number {
  let [below, above] = [Math.min(wanted, size), Math.min(wanted, size)];
  while (size % below !== 0) below--;
  while (size % above !== 0) above++;
  const chosen = wanted - below <= above - wanted ? below : above;
  if (chosen < size) return chosen;
  throw new RangeError(`expected oft_r to leave blocks of several of the ${size} inputs`);
}

/** The largest norm of the entries above the diagonal of a block: half of the matrix's square. */
function largest(blocks: number, eps: number): number {
  return eps / Math.sqrt(blocks) / Math.SQRT2;
}

/** Angles within their bound. What is beyond it is cut off without a trace in the gradient. */
function shrunk(angle: Tensor, eps: number): Tensor {
  const fixed = detach(angle);
  const norm = sqrt(reduceSumSquare(fixed, { axes: [1], keepdims: true }));
  const bound = largest(Number(angle.shape[0]), eps);
  const scaled = mul(fixed, min(div(bound, add(norm, 1e-30)), 1));
  return add(angle, sub(scaled, fixed));
}

/** The same on the values that train, so that updates start from there. */
function shrinkAll(values: Float32Array, { shape }: Tensor, eps: number): void {
  const [blocks, width] = shape.map(Number);
  const bound = largest(blocks, eps);
  for (let block = 0; block < blocks; block++) {
    const row = values.subarray(block * width, (block + 1) * width);
    const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    if (norm > bound) row.forEach((value, i) => row[i] = value * bound / norm);
  }
}

registry.add(oft);
