/**
 * Bottlenecks beside the network of each block.
 * Importing this module adds `adapt_former` to the `peft` slot.
 * @module
 */
import { add, mul } from "../../engine/ir/elementwise.ts";
import { relu } from "../../engine/ir/activations.ts";
import { layerNormalization } from "../../engine/ir/matrix.ts";
import { ones, zeros } from "../../engine/nn/initializers.ts";
import type { Layer, Scope } from "../../engine/nn/scope.ts";
import { wrapScope } from "../../engine/nn/wrap_scope.ts";
import { choice, count, flag, number, options, rate } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/**
 * Config of the `adapt_former` method.
 * @category Fine-tuning
 */
export interface AdaptFormerConfig {
  /** Whether an adapter gets what its network gets, or what its network gives. @default {"parallel"} */
  readonly mode: "parallel" | "sequential";
  /** Width of the bottleneck. @default {64} */
  readonly bottleneck: number;
  /** Dropout rate in the bottleneck. @default {0} */
  readonly dropout: number;
  /** How adapters begin: `lora` lets them give zero. @default {"lora"} */
  readonly init_option: "lora";
  /** What adapters give is multiplied by this. @default {1} */
  readonly adapter_scalar: number;
  /** Whether a norm stands before or after an adapter. @default {"in"} */
  readonly adapter_layernorm_option: "in" | "out" | "none";
  /** Whether the encoder's own parameters are frozen. @default {true} */
  readonly freeze_backbone: boolean;
}

const config = options<AdaptFormerConfig>({
  mode: choice("parallel", "adapters get what their network gets, or what it gives", [
    "parallel",
    "sequential",
  ]),
  bottleneck: count(64, "width of the bottleneck"),
  dropout: rate(0, "dropout rate in the bottleneck"),
  init_option: choice("lora", "how adapters begin: lora lets them give zero", ["lora"]),
  adapter_scalar: number(1, "what adapters give is multiplied by this"),
  adapter_layernorm_option: choice("in", "where a norm stands", ["in", "out", "none"]),
  freeze_backbone: flag(true, "freeze the encoder's own parameters"),
});

const EPSILON = 1e-5;

/**
 * AdaptFormer (Chen et al. 2022): the encoder is frozen; beside the network of each block stands a
 * bottleneck that trains, and the head trains.
 *
 * @example What trains in one block of a small ViT
 * ```ts
 * import { adaptFormer, buildModel, cifar10, configure, timm } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const model = await buildModel([
 *   configure(cifar10, { augmentation: { train_policy: "default" } }),
 *   configure(timm, { type: "test_vit", pretrained: false, model_kwargs: { img_size: 32, depth: 1 } }),
 *   configure(adaptFormer, { bottleneck: 8 }),
 * ], { sampleShape: [3, 32, 32] });
 * const trained = model.parameters.filter(({ trainable }) => trainable);
 * assertEquals(trained.map(({ shape }) => shape), [
 *   [64], [64], [8, 64], [8], [64, 8], [64], [10, 64], [10],
 * ]);
 * ```
 *
 * @category Fine-tuning
 */
export const adaptFormer: Plugin<"peft", AdaptFormerConfig> = {
  slot: "peft",
  key: "adapt_former",
  description: "bottlenecks beside the networks of the encoder's blocks, and the head",
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
            const adapt = adapter(scope.child(`${block}.adapter`), width, config);
            return (x, context) => {
              const y = base(x, context);
              return add(y, adapt(config.mode === "parallel" ? x : y, context));
            };
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

function adapter(scope: Scope, width: number, config: AdaptFormerConfig): Layer {
  const { bottleneck, dropout, adapter_scalar, adapter_layernorm_option: place } = config;
  const norm = place === "none" ? undefined : layerNorm(scope, width);
  const down = scope.linear("down_proj", width, bottleneck, { biasInitializer: zeros });
  const zero = { weightInitializer: zeros, biasInitializer: zeros };
  const up = scope.linear("up_proj", bottleneck, width, zero);
  return (x, context) => {
    const narrow = relu(down(norm && place === "in" ? norm(x, context) : x, context));
    const kept = context.training ? context.random.dropout(narrow, dropout) : narrow;
    const scaled = mul(up(kept, context), adapter_scalar);
    return norm && place === "out" ? norm(scaled, context) : scaled;
  };
}

function layerNorm(scope: Scope, width: number): Layer {
  const place = scope.child("adapter_layer_norm_before");
  const weight = place.parameter("weight", [width], ones);
  const bias = place.parameter("bias", [width], zeros);
  return (x) => layerNormalization(x, weight, bias, EPSILON);
}

registry.add(adaptFormer);
