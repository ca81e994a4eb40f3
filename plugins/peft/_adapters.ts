/** What methods share that put adapters beside linear layers, under the names of peft. */
import type { Layer, Scope } from "../../engine/nn/scope.ts";
import { type WrappedLinear, wrapScope } from "../../engine/nn/wrap_scope.ts";
import type { Peft } from "../../registry/plugin.ts";

/**
 * Layers that most methods adapt: all linear layers of attention, and the last of the network.
 *
 * @example What they mean on timm's ViT
 * ```ts
 * import { ATTENTION_AND_OUTPUT, isTarget } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const layers = ["attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"];
 * assertEquals(layers.filter((name) => isTarget(name, ATTENTION_AND_OUTPUT)), ["attn.qkv", "attn.proj", "mlp.fc2"]);
 * ```
 *
 * @category Parts of PEFT methods
 */
export const ATTENTION_AND_OUTPUT: readonly string[] = [
  "attn.q_proj",
  "attn.k_proj",
  "attn.v_proj",
  "attn.proj",
  "mlp.fc1_g",
  "mlp.fc1_x",
  "mlp.fc2",
];

/**
 * Layers that the other methods adapt: all linear layers of attention and network.
 *
 * @example What they mean on timm's ViT
 * ```ts
 * import { ATTENTION_AND_NETWORK, isTarget } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const layers = ["attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"];
 * assertEquals(layers.filter((name) => isTarget(name, ATTENTION_AND_NETWORK)), layers);
 * ```
 *
 * @category Parts of PEFT methods
 */
export const ATTENTION_AND_NETWORK: readonly string[] = [
  "attn.q_proj",
  "attn.k_proj",
  "attn.v_proj",
  "attn.proj",
  "mlp.fc1",
  "mlp.fc2",
];

/** Layers that timm makes one of. */
const FUSED: Readonly<Record<string, string>> = {
  "attn.q_proj": "attn.qkv",
  "attn.k_proj": "attn.qkv",
  "attn.v_proj": "attn.qkv",
};

/**
 * Whether a layer is meant by one of the names: by its whole name or by the last parts of it.
 * Queries, keys and values are also meant where one layer makes all three.
 * @param name Name of the layer within the encoder.
 * @param targets The names.
 *
 * @example The layer of timm's attention that makes queries, keys and values
 * ```ts
 * import { isTarget } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const found = ["blocks.0.attn.qkv", "blocks.0.attn.proj"].map((name) => isTarget(name, ["attn.q_proj"]));
 * assertEquals(found, [true, false]);
 * ```
 *
 * @category Parts of PEFT methods
 */
export function isTarget(name: string, targets: readonly string[]): boolean {
  return targets.flatMap((target) => [target, FUSED[target] ?? target])
    .some((target) => name === target || name.endsWith(`.${target}`));
}

/**
 * Which biases of the encoder train besides adapters.
 * @category Parts of PEFT methods
 */
export type TrainedBiases = "none" | "all" | "lora_only";

/**
 * What a method adapts, and how.
 * @category Parts of PEFT methods
 */
export interface Adapters {
  /** Names of the layers. */
  readonly targets: readonly string[];
  /** Which biases train: none, all, or those of adapted layers. @default {"none"} */
  readonly bias?: TrainedBiases;
  /**
   * Declares the adapter of one layer.
   * @param layer The layer.
   * @returns The layer with its adapter.
   */
  adapt(layer: WrappedLinear): Layer;
}

/**
 * A method that freezes the encoder, adapts linear layers, and lets the head train. In files its
 * parameters have the names that `peft` gives them.
 * @param adapters What is adapted, and how.
 *
 * @example Layers whose outputs are scaled
 * ```ts
 * import { mul } from "@glovita/glovita/engine";
 * import { ones, Parameters } from "@glovita/glovita/nn";
 * import { adaptLinears } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const peft = adaptLinears({
 *   targets: ["mlp.fc1"],
 *   adapt({ base, outputs, scope }) {
 *     const scale = scope.parameter("scale", [outputs], ones);
 *     return (x, context) => mul(base(x, context), scale);
 *   },
 * });
 * const parameters = new Parameters();
 * peft.encoder(parameters.scope()).child("blocks.0.mlp").linear("fc1", 2, 4, { bias: false });
 * assertEquals(parameters.list().map(({ name }) => peft.otherName?.(name)), [
 *   "base_model.model.blocks.0.mlp.fc1.base_layer.weight",
 *   "base_model.model.blocks.0.mlp.fc1.scale",
 * ]);
 * ```
 *
 * @category Parts of PEFT methods
 */
export function adaptLinears({ targets, bias = "none", adapt }: Adapters): Peft {
  const adapted = new Set<string>();
  const trains = (name: string) =>
    bias !== "none" && name.split(".").at(-1) === "bias" &&
    (bias === "all" || isTarget(placeOf(name), targets));
  const wrappedName = (name: string) => {
    const last = name.split(".").at(-1)!;
    const wrapped = adapted.has(placeOf(name)) && (last === "weight" || last === "bias");
    return wrapped ? `${placeOf(name)}.base_layer.${last}` : name;
  };
  return {
    encoder(scope: Scope) {
      adapted.clear();
      return wrapScope(scope, {
        trains,
        linear(layer) {
          if (!isTarget(layer.name, targets)) return layer.base;
          adapted.add(layer.name);
          return adapt(layer);
        },
      });
    },
    head: (scope) => scope,
    finish() {
      if (adapted.size > 0) return;
      throw new RangeError(`expected an encoder with linear layers called ${targets.join(", ")}`);
    },
    otherName: (name) => `base_model.model.${wrappedName(name)}`,
    // The encoder itself, into which peft has put its layers.
    moreNames: (name) => [wrappedName(name)],
  };
}

function placeOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf(".")));
}
