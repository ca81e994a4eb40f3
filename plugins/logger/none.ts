/**
 * No logger besides the run's own files. Importing this module adds `none` to the `logger` slot.
 * @module
 */
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

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
 *
 * @category Loggers
 */
export const noLogger: Plugin<"logger", NoOptions> = {
  slot: "logger",
  key: "none",
  description: "Logs nowhere besides the run directory",
  config: noOptions,
  create() {
    return { start() {}, log() {}, finish() {} };
  },
};

registry.add(noLogger);
