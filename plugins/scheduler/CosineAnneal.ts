/**
 * Linear warm-up, then one half wave of a cosine down to 0. Importing this module adds
 * `CosineAnneal` to the `scheduler` slot.
 *
 * With w warm-up epochs of n, epoch e (from 0) trains with the base learning rate times
 *
 *     (e + 1) / (w + 1)                            for e < w
 *     (1 + cos(π·(e - w) / (n - w))) / 2           for w <= e
 *
 * With w >= n there is warm-up only. For w = 0 this is `torch.optim.lr_scheduler.CosineAnnealingLR`
 * with `T_max` n, in closed form: torch multiplies its way from epoch to epoch, with the same
 * result up to rounding. Warm-up as in Goyal et al., "Accurate, Large Minibatch SGD"
 * (arXiv 1706.02677, §2.2); annealing as in Loshchilov and Hutter, "SGDR" (arXiv 1608.03983).
 * @module
 */
import { options, whole } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/**
 * Options of the `CosineAnneal` schedule.
 * @category Schedules
 */
export interface CosineAnnealConfig {
  /** Epochs of linear warm-up before annealing starts. @default {10} */
  readonly warmup_epochs: number;
}

const config = options<CosineAnnealConfig>({
  warmup_epochs: whole(10, "Epochs of linear warm-up before annealing starts"),
});

/**
 * Linear warm-up, then cosine annealing to 0.
 *
 * @example Two epochs up, two epochs down
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const schedule = cosineAnneal.create({ warmup_epochs: 2 }, { epochs: 4 });
 * [1 / 3, 2 / 3, 1, 1 / 2].forEach((factor, epoch) => {
 *   assertAlmostEquals(schedule.factor(epoch), factor, 1e-15);
 * });
 * ```
 *
 * @category Schedules
 */
export const cosineAnneal: Plugin<"scheduler", CosineAnnealConfig> = {
  slot: "scheduler",
  key: "CosineAnneal",
  description: "Linear warm-up, then cosine annealing to 0",
  config,
  create({ warmup_epochs }, { epochs }) {
    const period = epochs - warmup_epochs;
    return {
      factor(epoch) {
        if (epoch < warmup_epochs) return (epoch + 1) / (warmup_epochs + 1);
        if (period <= 0) return 1;
        // (1 + cos x) / 2 = cos²(x / 2), without cancellation near the end; 0 from epoch n on.
        const progress = Math.min(1, (epoch - warmup_epochs) / period);
        return progress === 1 ? 0 : Math.cos(Math.PI / 2 * progress) ** 2;
      },
    };
  },
};

registry.add(cosineAnneal);
