/**
 * From a config to what mixes training samples.
 * @module
 */
import type { Split } from "../../engine/data/data.ts";
import type { Mixing } from "../../engine/train/mixing.ts";
import { expectedIssue } from "../config/issues.ts";
import type { TaskFields } from "../config/tree.ts";
import { ConfigError, quote } from "../errors.ts";
import type { Encoder, TaskInfo } from "../plugin.ts";

/** What samples are, and what becomes of them. */
export interface MixedSamples {
  /** The training split as the dataset gives it. */
  readonly split: Pick<Split, "name" | "bagLengths" | "sampleShape">;
  /** What is predicted. */
  readonly dataset: TaskInfo;
  /** The encoder. */
  readonly encoder: Encoder;
}

/**
 * Reads what mixes samples.
 * @param task `task` of the config.
 * @param samples What the samples are.
 * @returns What mixes; `undefined` where nothing does.
 * @throws {ConfigError} if such samples cannot be mixed.
 */
export function mixingOf(task: TaskFields, samples: MixedSamples): Mixing | undefined {
  if (!task.mixup && !task.cutmix) return undefined;
  const refusals = [
    ...(task.mixup ? refusal("mixup", whyNotMixed(samples)) : []),
    ...(task.cutmix ? refusal("cutmix", whyNotMixed(samples) ?? whyNotCut(samples)) : []),
  ];
  if (refusals.length > 0) throw new ConfigError(refusals);
  return {
    ...(task.mixup && { mixup: task.mixup_alpha }),
    ...(task.cutmix && { cutmix: task.cutmix_alpha }),
  };
}

function refusal(field: "mixup" | "cutmix", why: string | undefined) {
  return why === undefined ? [] : [expectedIssue(`task.${field}`, "false", true, `: ${why}`)];
}

function whyNotMixed({ split, dataset, encoder }: MixedSamples): string | undefined {
  const { name, bagLengths } = split;
  if (bagLengths) return `the samples of ${quote(name)} are bags, whose instances have no partners`;
  if (dataset.task === "Regression") return "only classes are mixed, the targets are numbers";
  if (encoder.reader) return "the encoder computes where samples are read, before they are mixed";
}

function whyNotCut({ split: { name, sampleShape } }: MixedSamples): string | undefined {
  if (sampleShape.length === 3) return undefined;
  return `the samples of ${quote(name)} are not images, so there is no box to cut`;
}
