/**
 * One linear layer over the embedding.
 * Importing this module adds `classification` to the `head_type` slot.
 * @module
 */
import * as v from "valibot";
import type { OptionsSchema, Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/** Config of the `classification` head. */
export interface ClassificationConfig {
  /** Dropout rate on the embedding. @default {0} */
  readonly dropout: number;
}

const config: OptionsSchema<ClassificationConfig> = v.strictObject({
  dropout: v.optional(
    v.pipe(
      v.number(),
      v.minValue(0),
      v.maxValue(1),
      v.description("dropout rate on the embedding"),
    ),
    0,
  ),
});

/** Dropout, then `torch.nn.Linear(embed_dim, num_classes)`, in the state dict as `fc.fc`. */
export const classification: Plugin<"head_type", ClassificationConfig> = {
  slot: "head_type",
  key: "classification",
  description: "one linear layer over the embedding",
  config,
  create({ dropout }, { scope, embed_dim, num_classes, task }) {
    if (task !== "Classification") {
      throw new RangeError(`expected a head for ${task}, this one predicts classes`);
    }
    const fc = scope.linear("fc.fc", embed_dim, num_classes);
    return {
      input: "embedding",
      forward({ features }, context) {
        const kept = context.training ? context.random.dropout(features, dropout) : features;
        return { logits: fc(kept, context) }; // [batch, num_classes]
      },
    };
  },
};

registry.add(classification);
