import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { DataError } from "../../../engine/errors.ts";
import { create, createMetrics } from "../../../registry/builder/create.ts";
import type { ResolvedConfig } from "../../../registry/config/tree.ts";
import { ConfigError, PluginError } from "../../../registry/errors.ts";
import type { Metric, MetricPlugin, Schedule, Subtask } from "../../../registry/plugin.ts";
import { Registry } from "../../../registry/registry.ts";
import { runConfig } from "../../_training.ts";

const files = { folder: "f", train: "train.h5", val: "val.h5", test: "test.h5" };
const config = runConfig(files);
const schedule: Schedule = { factor: () => 1 };

/** A registry with one schedule, whose creation is up to the test. */
function withSchedule(make: (options: unknown, context: unknown) => Schedule) {
  const registry = new Registry();
  registry.add({
    slot: "scheduler",
    key: "CosineAnneal",
    description: "a schedule",
    config: v.strictObject({ warmup_epochs: v.number() }),
    create: make,
  });
  return { config, registry };
}

Deno.test("create() hands a plugin its own options and the slot's context", () => {
  const sources = withSchedule((options, context) => {
    assertEquals([options, context], [{ warmup_epochs: 1 }, { epochs: 9 }]);
    return schedule;
  });
  assertEquals(create("scheduler", { epochs: 9 }, sources).factor(0), 1);
});

Deno.test("create() reports options that do not fit as a problem of the config", () => {
  const sources = withSchedule(() => {
    throw new RangeError("expected fewer epochs");
  });
  const error = assertThrows(() => create("scheduler", { epochs: 9 }, sources), ConfigError);
  assertEquals(error.message, 'optimizer.scheduler: "CosineAnneal": expected fewer epochs');
});

Deno.test("create() names the plugin that is broken", () => {
  const cause = new TypeError("Cannot read properties of undefined");
  const sources = withSchedule(() => {
    throw cause;
  });
  const error = assertThrows(() => create("scheduler", { epochs: 9 }, sources), PluginError);
  assertEquals(
    error.message,
    'Cannot use scheduler "CosineAnneal": it is broken: Cannot read properties of undefined',
  );
  assertStrictEquals(error.cause, cause);
});

Deno.test("create() lets errors through that say by themselves what is wrong", () => {
  const error = new DataError("Cannot read a.h5");
  const sources = withSchedule(() => {
    throw error;
  });
  const thrown = assertThrows(() => create("scheduler", { epochs: 9 }, sources), DataError);
  assertStrictEquals(thrown, error);
});

Deno.test("create() names the plugin that creates something else", () => {
  const made: [unknown, string][] = [
    [undefined, "expected create() to return an object, received nothing"],
    [Promise.resolve(schedule), "expected create() to return an object, received a Promise"],
    [{}, 'expected "factor" to be a method, received nothing'],
    [{ factor: 0.5 }, 'expected "factor" to be a method, received 0.5'],
  ];
  for (const [product, state] of made) {
    const sources = withSchedule(() => product as Schedule);
    const error = assertThrows(() => create("scheduler", { epochs: 9 }, sources), PluginError);
    assertEquals(error.message, `Cannot use scheduler "CosineAnneal": ${state}`);
    assertEquals([error.slot, error.key], ["scheduler", "CosineAnneal"]);
  }
});

const metric: Metric = {
  higherIsBetter: true,
  accumulator: () => ({ update() {}, compute: () => ({}) }),
};

function metricPlugin(key: string, subtasks?: readonly Subtask[]): MetricPlugin<unknown> {
  return {
    slot: "metric",
    key,
    description: key,
    config: v.strictObject({}),
    subtasks,
    create: () => ({ ...metric, key }),
  };
}

function metricsFor(keys: readonly string[], subtask: Subtask) {
  const registry = new Registry();
  registry.add(metricPlugin("any"));
  registry.add(metricPlugin("classes", ["multiclass", "multilabel"]));
  registry.add(metricPlugin("error", ["regression"]));
  registry.add(metricPlugin("other", ["regression"]));
  const chosen: ResolvedConfig = { ...config, task: { ...config.task, metrics: keys } };
  const task = subtask === "regression" ? "Regression" : "Classification";
  const { metrics, notices } = createMetrics({ task, subtask, numClasses: 2 }, {
    config: chosen,
    registry,
  });
  return { keys: metrics.map((each) => (each as { key?: string }).key), notices };
}

Deno.test("createMetrics() leaves out metrics that are not defined for the targets", () => {
  assertEquals(metricsFor(["classes", "any"], "multilabel"), {
    keys: ["classes", "any"],
    notices: [],
  });
  assertEquals(metricsFor(["classes", "any"], "regression"), {
    keys: ["any"],
    notices: ['metric "classes" is not defined for regression targets and is left out'],
  });
});

Deno.test("createMetrics() takes all that are made for the targets where none is left", () => {
  assertEquals(metricsFor(["classes"], "regression").keys, ["error", "other"]);
  assertEquals(metricsFor([], "multiclass").keys, ["classes"]);
});
