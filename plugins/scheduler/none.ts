/**
 * A learning rate that stays as it is. Importing this module adds `none` to the `scheduler` slot.
 * @module
 */
import * as v from "valibot";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/** Options of the `none` schedule: none. */
export type NoScheduleConfig = Readonly<Record<never, never>>;

const config: v.GenericSchema<unknown, NoScheduleConfig> = v.strictObject({});

/**
 * A constant learning rate.
 *
 * @example Any epoch
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(noSchedule.create({}, { epochs: 20 }).factor(19), 1);
 * ```
 */
export const noSchedule: Plugin<"scheduler", NoScheduleConfig> = {
  slot: "scheduler",
  key: "none",
  description: "A constant learning rate",
  config,
  create() {
    return { factor: () => 1 };
  },
};

registry.add(noSchedule);
