/**
 * A learning rate that falls to a tenth after every quarter of the run. Importing this module adds
 * `Step` to the `scheduler` slot.
 *
 * With n epochs, epoch e (from 0) trains with the base learning rate times 0.1^⌊e / s⌋, where
 * s = max(1, ⌊n / 4⌋). Equals `torch.optim.lr_scheduler.StepLR(step_size=s, gamma=0.1)`.
 * @module
 */
import * as v from "valibot";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/** Options of the `Step` schedule: none. */
export type StepConfig = Readonly<Record<never, never>>;

const config: v.GenericSchema<unknown, StepConfig> = v.strictObject({});

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
 */
export const step: Plugin<"scheduler", StepConfig> = {
  slot: "scheduler",
  key: "Step",
  description: "A tenth of the learning rate after every quarter of the run",
  config,
  create(_config, { epochs }) {
    const size = Math.max(1, Math.floor(epochs / 4));
    return { factor: (epoch) => 0.1 ** Math.floor(epoch / size) };
  },
};

registry.add(step);
