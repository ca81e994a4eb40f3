/**
 * A learning rate that stays as it is. Importing this module adds `none` to the `scheduler` slot.
 * @module
 */
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/**
 * A constant learning rate.
 *
 * @example Any epoch
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(noSchedule.create({}, { epochs: 20 }).factor(19), 1);
 * ```
 *
 * @category Schedules
 */
export const noSchedule: Plugin<"scheduler", NoOptions> = {
  slot: "scheduler",
  key: "none",
  description: "A constant learning rate",
  config: noOptions,
  create() {
    return { factor: () => 1 };
  },
};

registry.add(noSchedule);
