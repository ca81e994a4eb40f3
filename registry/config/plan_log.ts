/**
 * The reasons that a plan writes into its config, where only loggers see them.
 * @module
 */

/** Name of the reasons in `add_log`. */
export const PLAN_LOG = "plan";

/**
 * Tells whether `add_log` holds the reasons of a plan and nothing else: they explain the config and
 * ask nothing of a run, so that no logger has to read them.
 * @param addLog `add_log`.
 *
 * @example Reasons, and something that a user wants logged
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const plan = { "training.epochs": "18 updates an epoch" };
 * assertEquals([isPlanLog({ plan }), isPlanLog({ plan, note: "x" })], [true, false]);
 * ```
 */
export function isPlanLog(addLog: Readonly<Record<string, unknown>>): boolean {
  const names = Object.keys(addLog);
  return names.length === 1 && names[0] === PLAN_LOG;
}
