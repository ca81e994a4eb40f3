/**
 * A learning rate that falls to a tenth at one half and again at three quarters of the run.
 * Importing this module adds `MultiStep` to the `scheduler` slot.
 *
 * With n epochs, epoch e (from 0) trains with the base learning rate times 0.1^k, where k counts
 * the milestones ⌊n / 2⌋ and ⌊3n / 4⌋ that are at most e. Equals
 * `torch.optim.lr_scheduler.MultiStepLR(gamma=0.1)`, also where milestones coincide: a run of one
 * epoch has both at 0 and trains with a hundredth.
 * @module
 */
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/**
 * A tenth of the learning rate at one half and again at three quarters of the run.
 *
 * @example Four epochs
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const schedule = multiStep.create({}, { epochs: 4 });
 * [1, 1, 0.1, 0.01].forEach((factor, epoch) => {
 *   assertAlmostEquals(schedule.factor(epoch), factor, 1e-15);
 * });
 * ```
 *
 * @category Schedules
 */
export const multiStep: Plugin<"scheduler", NoOptions> = {
  slot: "scheduler",
  key: "MultiStep",
  description: "A tenth of the learning rate at one half and at three quarters of the run",
  config: noOptions,
  create(_config, { epochs }) {
    const milestones = [Math.floor(epochs / 2), Math.floor(epochs * 3 / 4)];
    return {
      factor: (epoch) => 0.1 ** milestones.filter((milestone) => milestone <= epoch).length,
    };
  },
};

registry.add(multiStep);
