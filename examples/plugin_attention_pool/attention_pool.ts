/**
 * Attention pooling over bags, after Ilse et al. 2018, "Attention-based deep multiple instance
 * learning". Importing this module adds `attention_pool` to the `head_type` slot.
 * @module
 */
import { matMul, softmax, tanh, transpose, where } from "@glovita/glovita/engine";
import { membership } from "@glovita/glovita/nn";
import { count, options, type Plugin, rate, registry } from "@glovita/glovita/plugin";

/** Config of the `attention_pool` head. */
export interface AttentionPoolConfig {
  /** Width of the attention net. @default {64} */
  readonly attention_dim: number;
  /** Dropout rate on the bag's embedding. @default {0} */
  readonly dropout: number;
}

const config = options<AttentionPoolConfig>({
  attention_dim: count(64, "width of the attention net"),
  dropout: rate(0, "dropout rate on the bag's embedding"),
});

/** A weighted mean of a bag's instances, then one linear layer. */
export const attentionPool: Plugin<"head_type", AttentionPoolConfig> = {
  slot: "head_type",
  key: "attention_pool",
  description: "one linear layer over an attention-weighted mean of a bag",
  config,
  create({ attention_dim, dropout }, { scope, embedDim, numClasses }) {
    const hidden = scope.linear("attention.0", embedDim, attention_dim);
    const score = scope.linear("attention.2", attention_dim, 1);
    const classifier = scope.linear("classifier", embedDim, numClasses);
    return {
      input: "bag",
      forward({ features, bags }, context) {
        if (!bags) throw new TypeError("Cannot apply attention_pool: the features have no bags");
        const scores = score(tanh(hidden(features, context)), context); // [instances, 1]
        const attention = transpose(scores); // [1, instances]
        const inside = membership(bags.index, bags.lengths); // [bags, instances]
        const weights = softmax(where(inside, attention, -1e30)); // each row sums to 1
        const pooled = matMul(weights, features); // [bags, embed_dim]
        const kept = context.training ? context.random.dropout(pooled, dropout) : pooled;
        return { logits: classifier(kept, context), attention };
      },
    };
  },
};

registry.add(attentionPool);
