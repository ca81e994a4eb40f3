/**
 * Curves and images for TensorBoard. Importing this module adds `tensorboard` to the `logger` slot.
 * @module
 */
import { appendFile, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { EpochValues, Plugin, RunInfo } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import {
  fileVersion,
  imageValue,
  lastStep,
  scalarValue,
  sessionStart,
  summary,
  type SummaryValue,
  textValue,
} from "./_tensorboard.ts";

/** Names of event files: TensorBoard looks for `tfevents`, and reads them in the order of names. */
const EVENTS = /^events\.out\.tfevents\..*\.glovita$/;

/**
 * Writes event files into the run directory, which `tensorboard --logdir experiments` shows: the
 * numbers of each epoch, images, and the config as text.
 *
 * @example What it is called in a config
 * ```ts
 * import { tensorboard } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([tensorboard.slot, tensorboard.key], ["logger", "tensorboard"]);
 * ```
 *
 * @category Loggers
 */
export const tensorboard: Plugin<"logger", NoOptions> = {
  slot: "logger",
  key: "tensorboard",
  description: "Event files for TensorBoard, in the run directory",
  config: noOptions,
  create() {
    let file = "";
    const append = async (bytes: Uint8Array) => await appendFile(file, bytes);
    const write = (epoch: number, values: readonly SummaryValue[]) =>
      append(summary(now(), epoch, values));
    const log = (epoch: number, values: EpochValues["values"]) => write(epoch, scalars(values));
    return {
      async start(run) {
        const others = await eventFiles(run.directory);
        const last = lastStep(await Promise.all(others.map((file) => readFile(file))));
        const missing = run.earlier.filter(({ epoch }) => epoch > last);
        file = join(run.directory, nameAfter(others.length));
        await append(fileVersion(now()));
        if (others.length > 0) await append(sessionStart(now(), firstEpoch(run, missing)));
        if (others.length === 0) await write(0, [textValue("config", asMarkdown(run))]);
        for (const { epoch, values } of missing) await log(epoch, values);
      },
      log,
      logTest: log,
      logImage: (epoch, name, png) => write(epoch, [imageValue(name, png)]),
      finish() {},
    };
  },
};

registry.add(tensorboard);

function now(): number {
  return Date.now() / 1000;
}

function scalars(values: EpochValues["values"]): SummaryValue[] {
  return Object.entries(values).map(([name, value]) => scalarValue(name, value));
}

/** The first epoch that is written now: what stands for it and later ones is of the run before. */
function firstEpoch({ earlier }: RunInfo, missing: readonly EpochValues[]): number {
  return missing[0]?.epoch ?? (earlier.at(-1)?.epoch ?? -1) + 1;
}

/** In the order in which they were written. */
async function eventFiles(directory: string): Promise<string[]> {
  const names = await readdir(directory);
  return names.filter((name) => EVENTS.test(name)).map((name) => join(directory, name)).sort();
}

/** Comes after the names of earlier files. */
function nameAfter(others: number): string {
  const seconds = String(Math.floor(now())).padStart(10, "0");
  return `events.out.tfevents.${seconds}.${String(others).padStart(6, "0")}.glovita`;
}

function asMarkdown({ config, addLog, runtimeInfo }: RunInfo): string {
  const facts = { ...config, add_log: addLog, runtime: runtimeInfo };
  return ["```json", JSON.stringify(facts, undefined, 2), "```"].join("\n");
}
