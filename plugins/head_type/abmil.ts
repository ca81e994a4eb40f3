/**
 * Attention-based pooling of a bag's instances.
 * Importing this module adds `abmil` to the `head_type` slot.
 * @module
 */
import { mul, relu, sigmoid, tanh } from "../../engine/ir/elementwise.ts";
import { reshape, transpose } from "../../engine/ir/layout.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { bagSoftmax, bagSums } from "../../engine/nn/bag_pooling.ts";
import { bagGrid } from "../../engine/nn/bags.ts";
import type { ForwardContext, Layer, Scope } from "../../engine/nn/scope.ts";
import { count, flag, options, rate } from "../../registry/options/mod.ts";
import type { HeadInput, ModelOutput, Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/**
 * Config of the `abmil` head.
 * @category Heads
 */
export interface AbmilConfig {
  /** Width that instances are projected to. @default {512} */
  readonly hidden_dim: number;
  /** Width of the attention nets. @default {128} */
  readonly attention_dim: number;
  /** Whether attention is gated. @default {true} */
  readonly gated: boolean;
  /** Heads of attention, whose pooled vectors are joined. @default {1} */
  readonly heads: number;
  /** Dropout rate on the instances, before the projection. @default {0} */
  readonly input_dropout: number;
  /** Dropout rate after the projection and in the attention nets. @default {0} */
  readonly dropout: number;
}

const config = options<AbmilConfig>({
  hidden_dim: count(512, "width that instances are projected to"),
  attention_dim: count(128, "width of the attention nets"),
  gated: flag(true, "gated attention"),
  heads: count(1, "heads of attention, whose pooled vectors are joined"),
  input_dropout: rate(0, "dropout rate on the instances, before the projection"),
  dropout: rate(0, "dropout rate after the projection and in the attention nets"),
});

/** The layers of a head. */
interface Layers {
  readonly project: Layer;
  /** Attention logits `[instances, heads]` of projected instances. */
  readonly attend: Layer;
  readonly classifier: Layer;
}

/**
 * Ilse et al. 2018, "Attention-based deep multiple instance learning": a linear layer with ReLU,
 * attention `w tanh(V h)` or, gated, `w (tanh(V h) ⊙ sigmoid(U h))`, softmax within the bag, and one
 * linear layer over the weighted sums of all heads. Parameters are called as in the authors' code.
 *
 * @example Two heads of attention
 * ```ts
 * import { abmil, buildModel, configure, precomputed, precomputedFeatures, predictionGraph } from
 *   "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const files = { train_features_file: "train.h5", val_features_file: "val.h5" };
 * const model = await buildModel([
 *   configure(precomputedFeatures, { num_classes: 3, ...files }),
 *   configure(precomputed, { feature_dim: 1024 }),
 *   configure(abmil, { heads: 2, dropout: 0.25 }),
 * ], { sampleShape: [1024], bags: true });
 *
 * const { logits, attention } = predictionGraph(model);
 * assertEquals([logits.shape, attention?.shape], [["batch", 3], [2, "instances"]]);
 * ```
 *
 * @category Heads
 */
export const abmil: Plugin<"head_type", AbmilConfig> = {
  slot: "head_type",
  key: "abmil",
  description: "attention-based pooling of a bag's instances",
  config,
  create(config, { scope, embedDim, numClasses }) {
    const { hidden_dim, heads } = config;
    const layers: Layers = {
      project: scope.linear("feature_extractor.0", embedDim, hidden_dim),
      attend: attention(scope, config),
      classifier: scope.linear("classifier.0", heads * hidden_dim, numClasses),
    };
    return {
      input: "bag",
      forward: (input, context) => forward(layers, config, input, context),
    };
  },
};

function dropped(x: Tensor, rate: number, { training, random }: ForwardContext): Tensor {
  return training ? random.dropout(x, rate) : x;
}

function attention(scope: Scope, config: AbmilConfig): Layer {
  const { hidden_dim, attention_dim, gated, heads, dropout } = config;
  const net = (name: string) => scope.linear(name, hidden_dim, attention_dim);
  if (!gated) {
    const first = net("attention.0");
    const last = scope.linear("attention.2", attention_dim, heads);
    return (x, context) => last(dropped(tanh(first(x, context)), dropout, context), context);
  }
  const [v, u] = [net("attention_V.0"), net("attention_U.0")];
  const w = scope.linear("attention_w", attention_dim, heads);
  return (x, context) => {
    const content = dropped(tanh(v(x, context)), dropout, context);
    const gate = dropped(sigmoid(u(x, context)), dropout, context);
    return w(mul(content, gate), context);
  };
}

function forward(
  { project, attend, classifier }: Layers,
  config: AbmilConfig,
  { features, bags }: HeadInput,
  context: ForwardContext,
): ModelOutput {
  if (!bags) throw new TypeError("Cannot apply abmil: the features come without bags");
  const { heads, hidden_dim, input_dropout, dropout } = config;
  const kept = dropped(features, input_dropout, context);
  const instances = dropped(relu(project(kept, context)), dropout, context);
  const attention = transpose(attend(instances, context)); // [heads, instances]
  const pooled = bagSums(bagSoftmax(attention, bagGrid(bags)), instances, bags);
  const joined = reshape(transpose(pooled, [1, 0, 2]), [bags.lengths.shape[0], heads * hidden_dim]);
  return { logits: classifier(joined, context), attention };
}

registry.add(abmil);
