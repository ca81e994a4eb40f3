/**
 * Updates of linear layers by factors that all blocks share.
 * Importing this module adds `fact` to the `peft` slot.
 * @module
 */
import { mul } from "../../engine/ir/elementwise.ts";
import { slice } from "../../engine/ir/indexing.ts";
import { reshape } from "../../engine/ir/layout.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { torchDefault, zeros } from "../../engine/nn/initializers.ts";
import { type Layer, linear, type Scope } from "../../engine/nn/scope.ts";
import { type WrappedLinear, wrapScope } from "../../engine/nn/wrap_scope.ts";
import { count, options } from "../../registry/options/mod.ts";
import type { Peft, Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { blockLinear } from "./_block_outputs.ts";

/**
 * Config of the `fact` method.
 * @category Fine-tuning
 */
export interface FactConfig {
  /** Rank of the updates. @default {4} */
  readonly fact_r: number;
}

const config = options<FactConfig>({ fact_r: count(4, "rank of the updates") });

/**
 * FacT (Jie & Deng 2023): the encoder is frozen; each kind of linear layer learns two factors that
 * all blocks share and a scale for each block between them, and the head trains.
 *
 * @example The factors of one kind of layer, and the scales of its blocks
 * ```ts
 * import { fact } from "@glovita/glovita";
 * import { Parameters } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const parameters = new Parameters();
 * const peft = fact.create({ fact_r: 4 }, {});
 * const scope = peft.encoder(parameters.scope());
 * for (const block of ["blocks.0", "blocks.1"]) scope.child(block).linear("attn.qkv", 2, 6);
 * peft.finish?.();
 * const trained = parameters.list().filter(({ trainable }) => trainable);
 * assertEquals(trained.map(({ name, shape }) => [name, shape]), [
 *   ["fact_container.up_qkv.weight", [4, 2]],
 *   ["fact_container.down_qkv.weight", [6, 4]],
 *   ["fact_container.scales_qkv", [2, 4]],
 * ]);
 * ```
 *
 * @category Fine-tuning
 */
export const fact: Plugin<"peft", FactConfig> = {
  slot: "peft",
  key: "fact",
  description: "updates of linear layers by factors that all blocks share, and the head",
  config,
  create: ({ fact_r }) => factored(fact_r),
};

/** The factors of one kind of layer. */
interface Factors {
  readonly up: Tensor;
  readonly down: Tensor;
  blocks: number;
  /** `[blocks, rank]`, once all blocks are declared. */
  scales?: Tensor;
}

function factored(rank: number): Peft {
  const kinds = new Map<string, Factors>();
  let container: Scope | undefined;
  return {
    encoder(scope) {
      kinds.clear();
      const place = container = scope.child("fact_container");
      return wrapScope(scope, {
        trains: () => false,
        linear(layer) {
          const found = blockLinear(layer.name);
          if (found === undefined) return layer.base;
          const factors = kinds.get(found.layer) ?? declareFactors(place, found.layer, layer, rank);
          kinds.set(found.layer, factors);
          return updated(layer, factors, { index: factors.blocks++, rank });
        },
      });
    },
    head: (scope) => scope,
    finish() {
      if (container === undefined || kinds.size === 0) {
        throw new RangeError('expected an encoder with blocks of attention, called "blocks"');
      }
      for (const [kind, factors] of kinds) {
        factors.scales = container.parameter(`scales_${kind}`, [factors.blocks, rank], zeros);
      }
    },
  };
}

function declareFactors(
  place: Scope,
  kind: string,
  { inputs, outputs }: WrappedLinear,
  rank: number,
): Factors {
  const up = place.child(`up_${kind}`).parameter("weight", [rank, inputs], torchDefault(inputs));
  const down = place.child(`down_${kind}`).parameter("weight", [outputs, rank], torchDefault(rank));
  return { up, down, blocks: 0 };
}

function updated(
  { name, base, inputs, outputs }: WrappedLinear,
  factors: Factors,
  { index, rank }: { readonly index: number; readonly rank: number },
): Layer {
  if (factors.up.shape[1] !== inputs || factors.down.shape[0] !== outputs) {
    throw new RangeError(`expected an encoder with equal blocks, "${name}" has another size`);
  }
  return (x, context) => {
    const scale = reshape(slice(factors.scales!, 0, index, index + 1), [rank]);
    return linear(mul(linear(x, factors.up), scale), factors.down, base(x, context));
  };
}

registry.add(fact);
