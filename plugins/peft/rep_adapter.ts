/**
 * Bottlenecks with group norms beside linear layers.
 * Importing this module adds `rep_adapter` to the `peft` slot.
 * @module
 */
import { add, div, mul, sqrt, sub } from "../../engine/ir/elementwise.ts";
import { reshape } from "../../engine/ir/layout.ts";
import { reduceMean } from "../../engine/ir/matrix.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { constantInitializer, ones, zeros } from "../../engine/nn/initializers.ts";
import type { Layer, Scope } from "../../engine/nn/scope.ts";
import { type WrappedLinear, wrapScope } from "../../engine/nn/wrap_scope.ts";
import { count, number, options } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { blockLinear } from "./_block_outputs.ts";

/**
 * Config of the `rep_adapter` method.
 * @category Fine-tuning
 */
export interface RepAdapterConfig {
  /** Width of the bottleneck. @default {8} */
  readonly repadapter_bottleneck: number;
  /** Groups of its norm; fewer where they do not divide the width. @default {2} */
  readonly repadapter_groups: number;
  /** What the scale of the adapter starts from. @default {0.001} */
  readonly repadapter_scale_init: number;
}

const config = options<RepAdapterConfig>({
  repadapter_bottleneck: count(8, "width of the bottleneck"),
  repadapter_groups: count(2, "groups of its norm; fewer where they do not divide the width"),
  repadapter_scale_init: number(0.001, "what the scale of the adapter starts from"),
});

const EPSILON = 1e-5;

/**
 * RepAdapter (Luo et al. 2023), as GloViTa has it: the encoder is frozen; beside the linear layers of
 * its blocks stand bottlenecks with a group norm, and the head trains.
 *
 * @example A layer with its adapter
 * ```ts
 * import { Parameters } from "@glovita/glovita/nn";
 * import { repAdapter } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const parameters = new Parameters();
 * const options = { repadapter_bottleneck: 8, repadapter_groups: 2, repadapter_scale_init: 0.001 };
 * repAdapter.create(options, {}).encoder(parameters.scope()).child("blocks.0").linear("attn.qkv", 2, 6);
 * const trained = parameters.list().filter(({ trainable }) => trainable);
 * assertEquals(trained.map(({ name }) => name).slice(0, 3), [
 *   "blocks.0.repa_qkv.down.weight",
 *   "blocks.0.repa_qkv.down.bias",
 *   "blocks.0.repa_qkv.gn.weight",
 * ]);
 * ```
 *
 * @category Fine-tuning
 */
export const repAdapter: Plugin<"peft", RepAdapterConfig> = {
  slot: "peft",
  key: "rep_adapter",
  description: "bottlenecks with group norms beside the encoder's linear layers, and the head",
  config,
  create(config) {
    let adapted = 0;
    return {
      encoder: (scope) =>
        wrapScope(scope, {
          trains: () => false,
          linear(layer) {
            const found = blockLinear(layer.name);
            if (found === undefined) return layer.base;
            adapted++;
            const place = scope.child(`${found.block}.repa_${found.layer}`);
            return withAdapter(layer, place, config);
          },
        }),
      head: (scope) => scope,
      finish() {
        if (adapted > 0) return;
        throw new RangeError('expected an encoder with blocks of attention, called "blocks"');
      },
    };
  },
};

function withAdapter(
  { base, inputs, outputs }: WrappedLinear,
  place: Scope,
  config: RepAdapterConfig,
): Layer {
  const width = config.repadapter_bottleneck;
  const down = place.linear("down", inputs, width);
  const norm = groupNormOfTokens(place.child("gn"), width, config.repadapter_groups);
  const up = place.linear("up", width, outputs, {
    weightInitializer: zeros,
    biasInitializer: zeros,
  });
  const start = constantInitializer(config.repadapter_scale_init);
  const scale = place.parameter("scale", [1], start);
  return (x, context) => {
    const narrow = norm(down(x, context), context);
    return add(base(x, context), mul(up(narrow, context), scale));
  };
}

/** `torch.nn.GroupNorm` over tokens: each group of channels has one mean for all tokens. */
function groupNormOfTokens(place: Scope, channels: number, wanted: number): Layer {
  const weight = place.parameter("weight", [channels], ones);
  const bias = place.parameter("bias", [channels], zeros);
  let groups = Math.min(wanted, channels);
  while (channels % groups !== 0) groups--;
  return (x) => add(mul(normalised(x, groups), weight), bias);
}

/** `[batch, tokens, channels]`, with mean 0 and variance 1 over the tokens of each group. */
function normalised(x: Tensor, groups: number): Tensor {
  const [batch, tokens, channels] = x.shape;
  const grouped = reshape(x, [batch, tokens, groups, Number(channels) / groups], x);
  const over = { axes: [1, 3], keepdims: true };
  const centred = sub(grouped, reduceMean(grouped, over));
  const variance = reduceMean(mul(centred, centred), over);
  return reshape(div(centred, sqrt(add(variance, EPSILON))), x.shape, x);
}

registry.add(repAdapter);
