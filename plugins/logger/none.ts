/**
 * No logger besides the run's own files. Importing this module adds `none` to the `logger` slot.
 * @module
 */
import * as v from "valibot";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/** Options of the `none` logger: none. */
export type NoLoggerConfig = Readonly<Record<never, never>>;

const config: v.GenericSchema<unknown, NoLoggerConfig> = v.strictObject({});

/**
 * Drops every number: a run still writes its own files.
 *
 * @example Nothing happens
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const logger = noLogger.create({}, {});
 * assertEquals(logger.log(0, { val_Accuracy: 0.9 }), undefined);
 * ```
 */
export const noLogger: Plugin<"logger", NoLoggerConfig> = {
  slot: "logger",
  key: "none",
  description: "Logs nowhere besides the run directory",
  config,
  create() {
    return { start() {}, log() {}, finish() {} };
  },
};

registry.add(noLogger);
