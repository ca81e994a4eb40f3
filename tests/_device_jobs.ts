/**
 * The three jobs that run on devices, with an encoder whose convolution WebGPU computes wrongly. As a
 * program it prints what came of them, for tests that need an environment of their own.
 * @module
 */
import "../plugins/mod.ts";
import { join } from "node:path";
import * as v from "valibot";
import { reduceMean } from "../engine/ir/matrix.ts";
import { conv } from "../engine/ir/windows.ts";
import { normal } from "../engine/nn/initializers.ts";
import type { DeviceChoice } from "../engine/runtime/session_options.ts";
import { extractFeatures } from "../jobs/extract/extract.ts";
import { infer } from "../jobs/predict/infer.ts";
import { resolveExtractConfig } from "../registry/config/extract.ts";
import { flag } from "../registry/config/flag.ts";
import type { EncoderPlugin } from "../registry/plugin.ts";
import { registry } from "../registry/registry.ts";
import { runFlags, writeImages } from "./_peft_runs.ts";
import { type Flags, inFolder } from "./_training.ts";

/** Six channels go into a convolution of 3 by 3: a multiple of 3 that is none of 4. */
const sixChannels: EncoderPlugin<Record<never, never>> = {
  slot: "encoder_type",
  key: "six_channels",
  description: "two convolutions",
  config: v.strictObject({}),
  preprocessing: () => ({ channels: 3, imageSize: [16, 16], mean: [0, 0, 0], std: [1, 1, 1] }),
  create(_, { scope }) {
    const stem = scope.parameter("stem", [6, 3, 1, 1], normal(0.5));
    const body = scope.parameter("body", [4, 6, 3, 3], normal(0.5));
    return {
      output: "features",
      embedDim: 4,
      forward: (x) => reduceMean(conv(conv(x, stem), body, { padding: 1 }), { axes: [2, 3] }),
    };
  },
};

/** What came of a job. */
export interface JobOutcome {
  /** Lines on devices. */
  readonly lines: readonly string[];
  /** Name and text of what was thrown. */
  readonly error?: readonly [name: string, message: string];
}

/** What came of the jobs that run on devices. */
export type JobOutcomes = Readonly<Record<"train" | "extract" | "infer", JobOutcome>>;

type Notify = (event: { readonly type: string; readonly message?: string }) => void;

async function outcomeOf(job: (onEvent: Notify) => Promise<unknown>): Promise<JobOutcome> {
  const lines: string[] = [];
  const onEvent: Notify = ({ type, message = "" }) => {
    if (type === "notice" && message.startsWith("device ")) lines.push(message);
  };
  try {
    await job(onEvent);
    return { lines };
  } catch (error) {
    const { name, message } = error as Error;
    return { lines, error: [name, message] };
  }
}

/** What the jobs have in common. */
const common: Flags = {
  "data.dataset": "generic_image_dataset",
  "data.num_classes": "2",
  "data.split_source": "subdirs",
  "data.label_source": "folder",
  "data.augmentation.train_policy": "default",
  "data.augmentation.image_size": "16",
  "model.encoder.encoder_type": "six_channels",
};

/** Trains, extracts and predicts; the model that predicts was trained on the CPU. */
export async function runJobs(device: DeviceChoice): Promise<JobOutcomes> {
  if (!registry.has("encoder_type", "six_channels")) registry.add(sixChannels);
  return await inFolder(async (folder) => {
    await writeImages(folder);
    const data = { ...common, "data.data_root_dir": folder };
    const training = {
      ...data,
      ...{ "dataloading.batch_size": "4", "dataloading.num_workers": "0" },
      ...{ "training.epochs": "1", exp_dir: join(folder, "runs") },
    };
    const { directory } = await runFlags({ ...training, "logger.group": "cpu" });
    const output = { split: "test", output_dir: folder, "dataloading.num_workers": "1" };
    const words = Object.entries({ ...data, ...output, device });
    const flags = words.map(([path, value]) => flag(path, value));
    const { config } = resolveExtractConfig({ flags });
    return {
      train: await outcomeOf((onEvent) =>
        runFlags({ ...training, "training.device": device }, { onEvent })
      ),
      extract: await outcomeOf((onEvent) => extractFeatures(config, { onEvent })),
      infer: await outcomeOf((onEvent) => infer([{ exp_dir: directory, device }], { onEvent })),
    };
  });
}

if (import.meta.main) {
  const outcomes: Partial<Record<DeviceChoice, JobOutcomes>> = {};
  for (const device of Deno.args as DeviceChoice[]) outcomes[device] = await runJobs(device);
  console.log(JSON.stringify(outcomes));
}
