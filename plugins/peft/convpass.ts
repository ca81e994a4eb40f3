/**
 * Convolutions in bottlenecks beside the network of each block.
 * Importing this module adds `convpass` to the `peft` slot.
 * @module
 */
import { gelu } from "../../engine/ir/activations.ts";
import { add } from "../../engine/ir/elementwise.ts";
import { slice } from "../../engine/ir/indexing.ts";
import { concat, reshape, transpose } from "../../engine/ir/layout.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { conv } from "../../engine/ir/windows.ts";
import { torchDefault, zeros } from "../../engine/nn/initializers.ts";
import type { Layer, Scope } from "../../engine/nn/scope.ts";
import { wrapScope } from "../../engine/nn/wrap_scope.ts";
import { count, flag, options, rate } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/**
 * Config of the `convpass` method.
 * @category Fine-tuning
 */
export interface ConvpassConfig {
  /** Width of the bottleneck. @default {64} */
  readonly bottleneck: number;
  /** Dropout rate in the bottleneck. @default {0} */
  readonly dropout: number;
  /** Whether the encoder's own parameters are frozen. @default {true} */
  readonly freeze_backbone: boolean;
}

const config = options<ConvpassConfig>({
  bottleneck: count(64, "width of the bottleneck"),
  dropout: rate(0, "dropout rate in the bottleneck"),
  freeze_backbone: flag(true, "freeze the encoder's own parameters"),
});

/**
 * Convpass (Jie & Deng 2022): the encoder is frozen; beside the network of each block stands a
 * bottleneck that convolves the patches as a map, and the head trains. The map is the largest square
 * of patches behind the first token.
 *
 * @example What trains in one block of a small ViT
 * ```ts
 * import { buildModel, cifar10, configure, convpass, timm } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const model = await buildModel([
 *   configure(cifar10, { augmentation: { train_policy: "default" } }),
 *   configure(timm, { type: "test_vit", pretrained: false, model_kwargs: { img_size: 32, depth: 1 } }),
 *   configure(convpass, { bottleneck: 8 }),
 * ], { sampleShape: [3, 32, 32] });
 * const trained = model.parameters.filter(({ trainable }) => trainable);
 * assertEquals(trained.map(({ shape }) => shape), [
 *   [8, 64], [8], [8, 8, 3, 3], [8], [64, 8], [64], [10, 64], [10],
 * ]);
 * ```
 *
 * @category Fine-tuning
 */
export const convpass: Plugin<"peft", ConvpassConfig> = {
  slot: "peft",
  key: "convpass",
  description: "convolutions beside the networks of the encoder's blocks, and the head",
  config,
  create(config) {
    let adapted = 0;
    return {
      encoder: (scope) =>
        wrapScope(scope, {
          trains: config.freeze_backbone ? () => false : undefined,
          layer({ name, width, base }) {
            const [, block] = /^(blocks\.\d+)\.mlp_branch$/.exec(name) ?? [];
            if (block === undefined) return base;
            adapted++;
            const adapt = bypass(scope.child(`${block}.convpass`), width, config);
            return (x, context) => add(base(x, context), adapt(x, context));
          },
        }),
      head: (scope) => scope,
      finish() {
        if (adapted > 0) return;
        throw new RangeError('expected a transformer with "blocks" of a norm and a network');
      },
    };
  },
};

function bypass(scope: Scope, width: number, { bottleneck, dropout }: ConvpassConfig): Layer {
  const down = scope.linear("down", width, bottleneck);
  const place = scope.child("conv");
  const start = torchDefault(9 * bottleneck);
  const weight = place.parameter("weight", [bottleneck, bottleneck, 3, 3], start);
  const bias = place.parameter("bias", [bottleneck], start);
  const zero = { weightInitializer: zeros, biasInitializer: zeros };
  const up = scope.linear("up", bottleneck, width, zero);
  const convolve = (map: Tensor) => conv(map, weight, { bias, padding: 1 });
  return (x, context) => {
    const narrow = gelu(down(x, context));
    const kept = context.training ? context.random.dropout(narrow, dropout) : narrow;
    return up(onPatches(kept, convolve), context);
  };
}

/** Applies a layer of maps to the patches of `[batch, tokens, width]`; other tokens stay. */
function onPatches(x: Tensor, layer: (map: Tensor) => Tensor): Tensor {
  const [batch, tokens, width] = x.shape;
  const side = Math.floor(Math.sqrt(Number(tokens) - 1));
  const first = Number(tokens) - side * side;
  const patches = slice(x, 1, first, Number(tokens));
  const map = transpose(reshape(patches, [batch, side, side, width]), [0, 3, 1, 2]);
  const mixed = reshape(transpose(layer(map), [0, 2, 3, 1]), [batch, side * side, width]);
  return concat([slice(x, 1, 0, first), mixed], 1);
}

registry.add(convpass);
