/**
 * Tokens that are learned, beside those of the image.
 * Importing this module adds `visual_prompt_tuning` to the `peft` slot.
 * @module
 */
import { concat, expand, reshape } from "../../engine/ir/layout.ts";
import { slice } from "../../engine/ir/indexing.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { normal, uniform } from "../../engine/nn/initializers.ts";
import type { ForwardContext, Layer, Scope } from "../../engine/nn/scope.ts";
import { wrapScope } from "../../engine/nn/wrap_scope.ts";
import {
  count,
  flag,
  list,
  nonNegative,
  options,
  rate,
  whole,
} from "../../registry/options/mod.ts";
import type { Peft, Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/**
 * Config of the `visual_prompt_tuning` method.
 * @category Fine-tuning
 */
export interface VisualPromptTuningConfig {
  /** How many tokens are learned. @default {20} */
  readonly num_tokens: number;
  /** Whether blocks after the first have learned tokens of their own. @default {true} */
  readonly deep: boolean;
  /** Width of the learned tokens, where a linear layer brings them to the encoder's. @default {null} */
  readonly project_dim: number | null;
  /** Dropout rate on the learned tokens. @default {0} */
  readonly dropout: number;
  /** Factor on the initial values of the learned tokens. @default {1} */
  readonly init_scale: number;
  /** Blocks that get learned tokens of their own where `deep`; all by default. @default {null} */
  readonly deep_layers: readonly number[] | null;
}

const config = options<VisualPromptTuningConfig>({
  num_tokens: count(20, "how many tokens are learned"),
  deep: flag(true, "learn other tokens for blocks after the first"),
  project_dim: count(
    null,
    "width of the tokens, where a linear layer brings them to the encoder's",
  ),
  dropout: rate(0, "dropout rate on the tokens"),
  init_scale: nonNegative(1, "factor on the initial values of the tokens"),
  deep_layers: list(null, "blocks that get tokens of their own, all by default", whole, { min: 1 }),
});

/** What the rule for initial values takes for the size of a patch: 3 channels of 16×16. */
const PATCH_VALUES = 768;

/**
 * VPT (Jia et al. 2022): the encoder is frozen; tokens that train stand behind those of the image,
 * and the head trains. Blocks do not know the order of tokens, so this is what GloViTa computes with
 * them behind the first token. Pooling takes them for patches.
 *
 * @example Four tokens for each of two blocks
 * ```ts
 * import { buildModel, cifar10, configure, timm, visualPromptTuning } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const model = await buildModel([
 *   configure(cifar10, { augmentation: { train_policy: "default" } }),
 *   configure(timm, { type: "test_vit", pretrained: false, model_kwargs: { img_size: 32, depth: 2 } }),
 *   configure(visualPromptTuning, { num_tokens: 4 }),
 * ], { sampleShape: [3, 32, 32] });
 * const trained = model.parameters.filter(({ trainable }) => trainable);
 * assertEquals(trained.map(({ name, shape }) => [name, shape]).slice(0, 2), [
 *   ["encoder.model.prompt_embeddings", [1, 4, 64]],
 *   ["encoder.model.deep_prompt_embeddings", [2, 4, 64]],
 * ]);
 * ```
 *
 * @category Fine-tuning
 */
export const visualPromptTuning: Plugin<"peft", VisualPromptTuningConfig> = {
  slot: "peft",
  key: "visual_prompt_tuning",
  description: "learned tokens beside those of the image, and the head",
  config,
  create: prompted,
};

/** The learned tokens, once all blocks are declared. */
interface Prompts {
  /** `[1, tokens, width]`. */
  readonly first: Tensor;
  /** `[listed blocks, tokens, width]`, where later blocks have their own. */
  readonly deep?: Tensor;
  /** Brings them to the width of the encoder. */
  readonly project: Layer;
}

function prompted(config: VisualPromptTuningConfig): Peft {
  const widths: number[] = [];
  let container: Scope | undefined;
  let prompts: Prompts | undefined;
  const listed = () => listedBlocks(config, widths.length);
  return {
    encoder(scope) {
      widths.length = 0;
      container = scope;
      return wrapScope(scope, {
        trains: () => false,
        layer({ name, width, base }) {
          if (!/^blocks\.\d+$/.test(name)) return base;
          const block = widths.push(width) - 1;
          return (x, context) => {
            const row = listed().indexOf(block);
            if (row < 0) return base(x, context);
            return base(withPrompts(x, { ...config, prompts: prompts!, row, context }), context);
          };
        },
      });
    },
    head: (scope) => scope,
    finish() {
      const [width] = widths;
      if (container === undefined || width === undefined) {
        throw new RangeError('expected a transformer with "blocks" of tokens');
      }
      prompts = declarePrompts(container, { ...config, width, blocks: listed().length });
    },
  };
}

/** The blocks that get learned tokens, in their order. */
function listedBlocks(
  { deep, deep_layers }: VisualPromptTuningConfig,
  blocks: number,
): readonly number[] {
  if (!deep) return [0];
  const listed = deep_layers ?? Array.from({ length: blocks }, (_, index) => index);
  const beyond = listed.find((index) => index >= blocks);
  if (beyond !== undefined) {
    throw new RangeError(`expected deep_layers below ${blocks}, the blocks, received ${beyond}`);
  }
  return [...new Set(listed)].sort((a, b) => a - b);
}

function declarePrompts(
  scope: Scope,
  { num_tokens, deep, project_dim, init_scale, width, blocks }:
    & VisualPromptTuningConfig
    & { readonly width: number; readonly blocks: number },
): Prompts {
  const dim = project_dim ?? width;
  const start = uniform(init_scale * Math.sqrt(6 / (PATCH_VALUES + dim)));
  return {
    first: scope.parameter("prompt_embeddings", [1, num_tokens, dim], start),
    deep: deep
      ? scope.parameter("deep_prompt_embeddings", [blocks, num_tokens, dim], start)
      : undefined,
    project: dim === width ? (x) => x : scope.linear("prompt_proj", dim, width, {
      weightInitializer: normal(Math.sqrt(2 / width)), // Kaiming normal by what goes out
    }),
  };
}

/** The tokens of a block with the learned ones, which replace those of the block before. */
function withPrompts(
  x: Tensor,
  { prompts, row, num_tokens, dropout, context }: {
    readonly prompts: Prompts;
    readonly row: number;
    readonly num_tokens: number;
    readonly dropout: number;
    readonly context: ForwardContext;
  },
): Tensor {
  const [batch, tokens, width] = x.shape;
  const learned = row === 0 ? prompts.first : slice(prompts.deep!, 0, row, row + 1);
  const projected = reshape(prompts.project(learned, context), [1, num_tokens, width]);
  const kept = context.training ? context.random.dropout(projected, dropout) : projected;
  const others = row === 0 ? x : slice(x, 1, 0, Number(tokens) - num_tokens);
  return concat([others, expand(kept, [batch, num_tokens, width], x)], 1);
}

registry.add(visualPromptTuning);
