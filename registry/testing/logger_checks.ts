/**
 * What a logger promises.
 * @module
 */
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Logger, RunInfo } from "../plugin.ts";
import { type Check, expect, type PluginUnderTest } from "./plugin_under_test.ts";

type LoggerUnderTest = PluginUnderTest<"logger">;

/** Promises of loggers. */
export const loggerChecks: readonly Check<"logger">[] = [
  { name: "takes a run from start to finish", check: each(takeRun) },
  { name: "takes a run that fails before its first epoch", check: each(takeFailure) },
  { name: "takes a run that is resumed", check: each(takeResumedRun) },
  { name: "takes an image, a file, and the numbers of a test", check: each(takeResults) },
  { name: "takes values that are not numbers, and changes nothing", check: each(takeOddValues) },
];

/** Runs a check in a run directory of its own, twice, as folds do. */
function each(check: (logger: Logger, run: RunInfo) => Promise<void>) {
  return async ({ plugin, options, context }: LoggerUnderTest) => {
    const directory = await mkdtemp(join(tmpdir(), "glovita-"));
    try {
      for (let fold = 0; fold < 2; fold++) {
        await check(plugin.create(options, context), runInfo(directory));
      }
    } finally {
      await rm(directory, { recursive: true });
    }
  };
}

function runInfo(directory: string): RunInfo {
  return {
    directory,
    config: {
      training: { epochs: 2, seed: null },
      task: { metrics: ["acc"] },
      exp_dir: directory,
    },
    addLog: { note: "a check", nested: { list: [1, null] } },
    dataset: "samples",
    group: "checks",
    runtimeInfo: { glovita: "0.0.0", started: "2026-01-01T00:00:00.000Z", plugins: [] },
    earlier: [],
    notify() {},
  };
}

async function takeRun(logger: Logger, run: RunInfo): Promise<void> {
  await logger.start(run);
  for (let epoch = 0; epoch < 2; epoch++) {
    await logger.log(epoch, { train_loss: 1 / (epoch + 1), val_loss: 0.5, val_Accuracy: 0.9 });
  }
  await logger.finish("finished");
}

async function takeFailure(logger: Logger, run: RunInfo): Promise<void> {
  await logger.start(run);
  await logger.finish("failed");
}

async function takeResumedRun(logger: Logger, run: RunInfo): Promise<void> {
  const earlier = Array.from({ length: 7 }, (_, epoch) => ({ epoch, values: { val_loss: 0.5 } }));
  await logger.start({ ...run, earlier });
  await logger.log(7, { val_loss: 0.25 });
  await logger.finish("finished");
}

/** A grey pixel. */
const PNG = Uint8Array.from(
  atob(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==",
  ),
  (character) => character.charCodeAt(0),
);

async function takeResults(logger: Logger, run: RunInfo): Promise<void> {
  await logger.start(run);
  await logger.logImage?.(0, "val_Plot", PNG);
  await logger.log(0, { val_loss: 0.25 });
  await logger.logTest?.(0, { test_loss: 0.5 });
  const file = `${run.directory}/best.pt`;
  await writeFile(file, PNG);
  await logger.artifact?.(file, "checkpoints/best.pt");
  await logger.finish("finished");
  expect((await stat(file)).size === PNG.length, "it takes a file of the run away");
}

async function takeOddValues(logger: Logger, run: RunInfo): Promise<void> {
  const values = { train_loss: NaN, val_loss: Infinity };
  const { notify: _, ...facts } = run;
  const before = [structuredClone(facts), { ...values }];
  await logger.start(run);
  await logger.log(0, values);
  await logger.finish("failed");
  const same = JSON.stringify(before) === JSON.stringify([facts, values]);
  expect(same && Object.is(values.train_loss, NaN), "it changes what it is given");
}
