/**
 * A learning rate that falls to a tenth after every quarter of the run. Importing this module adds
 * `Step` to the `scheduler` slot.
 *
 * With n epochs, epoch e (from 0) trains with the base learning rate times 0.1^⌊e / s⌋, where
 * s = max(1, ⌊n / 4⌋). Equals `torch.optim.lr_scheduler.StepLR(step_size=s, gamma=0.1)`.
 * @module
 */
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/**
 * A tenth of the learning rate after every quarter of the run.
 *
 * @example Eight epochs
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const schedule = step.create({}, { epochs: 8 });
 * [1, 1, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001].forEach((factor, epoch) => {
 *   assertAlmostEquals(schedule.factor(epoch), factor, 1e-15);
 * });
 * ```
 *
 * @category Schedules
 */
export const step: Plugin<"scheduler", NoOptions> = {
  slot: "scheduler",
  key: "Step",
  description: "A tenth of the learning rate after every quarter of the run",
  config: noOptions,
  create(_config, { epochs }) {
    const size = Math.max(1, Math.floor(epochs / 4));
    return { factor: (epoch) => 0.1 ** Math.floor(epoch / size) };
  },
};

registry.add(step);
