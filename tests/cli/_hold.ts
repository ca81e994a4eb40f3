/**
 * Plugins that stop a training at a place that a test chooses, for processes that are killed: a
 * metric that never comes back, and a logger that waits for SIGTERM.
 * @module
 */
import * as v from "valibot";
import { noOptions } from "../../registry/options/mod.ts";
import type { MetricPlugin, Plugin } from "../../registry/plugin.ts";

/** Environment variable with the number of the batch, over all splits, that the metric holds. */
export const HOLD_BATCH = "GLOVITA_TEST_HOLD_BATCH";
/** Environment variable with the number of the epoch that the logger holds. */
export const HOLD_EPOCH = "GLOVITA_TEST_HOLD_EPOCH";

let batches = 0;

/** Counts samples; blocks the thread at one batch, as a process that hangs. */
export const holdingMetric: MetricPlugin<Readonly<Record<never, never>>> = {
  slot: "metric",
  key: "hold",
  description: "number of samples",
  config: noOptions,
  create: () => ({
    higherIsBetter: true,
    accumulator() {
      let samples = 0;
      return {
        update({ count }) {
          samples += count;
          if (++batches === Number(Deno.env.get(HOLD_BATCH))) {
            console.log("held");
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
          }
        },
        compute: () => ({ Samples: samples }),
      };
    },
  }),
};

/** Holds an epoch until SIGTERM arrives. */
export const holdingLogger: Plugin<"logger"> = {
  slot: "logger",
  key: "hold",
  description: "waits for SIGTERM",
  config: v.strictObject({}),
  create: () => ({
    start() {},
    async log(epoch) {
      if (String(epoch) !== Deno.env.get(HOLD_EPOCH)) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      Deno.addSignalListener("SIGTERM", resolve);
      console.log("held");
      await promise;
      Deno.removeSignalListener("SIGTERM", resolve);
    },
    finish() {},
  }),
};
