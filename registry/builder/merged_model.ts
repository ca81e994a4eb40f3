/**
 * A model whose adapters have become part of its weights, for whoever writes it down or computes with
 * it and trains it no more.
 * @module
 */
import { emptyRecord } from "../../engine/nn/recorded_scope.ts";
import type { ModelConfig } from "../config/tree.ts";
import type { TaskInfo } from "../plugin.ts";
import type { BuildSources } from "./create.ts";
import { mergeAdapters, type MergedWeights } from "./merge_adapters.ts";
import { assembleModel, type ModelSamples, type ModelStack } from "./model.ts";

/** What a model is for, and the weights that it has with adapters. */
export interface MergeOptions {
  /** What is predicted. */
  readonly task: TaskInfo;
  /** The samples that the model is for. */
  readonly samples: ModelSamples;
  /** Values of all parameters, those of adapters among them. */
  readonly values: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
}

/** A model without adapters, and its weights. */
export interface MergedModel extends MergedWeights {
  /** The model. */
  readonly stack: ModelStack;
}

/**
 * Builds a model without its adapters, which are folded into the weights.
 * @param sources Config and registry.
 * @param options What it is for, and its weights.
 * @throws {ConfigError} if something of the PEFT method is not part of a weight.
 */
export async function mergedModel(
  sources: BuildSources<ModelConfig>,
  { task, samples, values }: MergeOptions,
): Promise<MergedModel> {
  const record = emptyRecord();
  const adapted = await assembleModel(sources, task, samples, { record });
  const stack = await assembleModel(sources, task, samples, { adapters: false });
  const merged = await mergeAdapters({
    method: sources.config.peft.method,
    record,
    parameters: adapted.model.parameters,
    values,
    plain: stack.model.parameters,
  });
  return { ...merged, stack };
}
