/**
 * The options of the CLAM head.
 */
import {
  choice,
  count,
  flag,
  nonNegative,
  options,
  positive,
  rate,
} from "../../registry/options/mod.ts";
import type { OptionsSchema } from "../../registry/plugin.ts";

/**
 * Config of the `clam` head.
 * @category Heads
 */
export interface ClamConfig {
  /** One attention branch for all classes (`sb`), or one per class (`mb`). @default {"mb"} */
  readonly variant: "sb" | "mb";
  /** Whether attention is gated. @default {true} */
  readonly gate: boolean;
  /** Widths of projection and attention net. @default {"small"} */
  readonly size_arg: "tiny" | "small" | "big";
  /** Dropout rate after the projection and in the attention net. @default {0} */
  readonly dropout: number;
  /** Instances with the highest, and with the lowest attention in the instance loss. @default {8} */
  readonly k_sample: number;
  /** Whether classes exclude each other, so that other classes' evidence is negative. @default {false} */
  readonly subtyping: boolean;
  /** Whether instances are layer-normalised first. @default {true} */
  readonly feature_prep: boolean;
  /** Whether they are then scaled to unit length. @default {true} */
  readonly l2_normalize_features: boolean;
  /** Added to the variance in the layer normalisation. @default {1e-6} */
  readonly layer_norm_eps: number;
  /** Whether the bag classifiers compare directions. @default {true} */
  readonly cosine_head: boolean;
  /** Factor on the cosine. @default {20} */
  readonly cosine_scale: number;
  /** Whether the instance loss is added in training. @default {false} */
  readonly instance_eval: boolean;
  /** Weight of the instance loss. @default {1} */
  readonly instance_loss_weight: number;
  /** Rate at which attention logits are dropped in training. @default {0} */
  readonly attn_drop: number;
  /** Instances that the top-k path keeps. @default {2} */
  readonly topk_k: number;
  /** Temperature of the top-k path. @default {0.25} */
  readonly topk_tau: number;
  /** Whether the consistency loss of the top-k path is added in training. @default {false} */
  readonly stochastic_topk: boolean;
  /** Noise on the instances that the top-k path keeps. @default {0.1} */
  readonly topk_noise_std: number;
  /** Weight of the consistency loss. @default {1} */
  readonly topk_consistency_weight: number;
}

/** Schema of the options. */
export const clamConfig: OptionsSchema<ClamConfig> = options<ClamConfig>({
  variant: choice("mb", "one attention branch for all classes, or one per class", ["sb", "mb"]),
  gate: flag(true, "gated attention"),
  size_arg: choice("small", "widths: 256/128, 512/256 or 512/384", ["tiny", "small", "big"]),
  dropout: rate(0, "dropout rate after the projection and in the attention net"),
  k_sample: count(8, "most and least attended instances of a bag in the instance loss"),
  subtyping: flag(false, "count evidence for other classes as negative in the instance loss"),
  feature_prep: flag(true, "layer-normalise the instances first"),
  l2_normalize_features: flag(true, "then scale them to unit length"),
  layer_norm_eps: positive(1e-6, "added to the variance in the layer normalisation"),
  cosine_head: flag(true, "bag classifiers that compare directions"),
  cosine_scale: positive(20, "factor on the cosine"),
  instance_eval: flag(false, "add the instance loss in training"),
  instance_loss_weight: nonNegative(1, "weight of the instance loss"),
  attn_drop: rate(0, "rate at which attention logits are dropped in training"),
  topk_k: count(2, "instances that the top-k path keeps"),
  topk_tau: positive(0.25, "temperature of the top-k path"),
  stochastic_topk: flag(false, "add the consistency loss of the top-k path in training"),
  topk_noise_std: nonNegative(0.1, "noise on the instances that the top-k path keeps"),
  topk_consistency_weight: nonNegative(1, "weight of the consistency loss"),
});
