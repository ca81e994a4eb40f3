/**
 * From a checkpoint to the model that it is of: its graph, its weights, and what is known of them.
 * @module
 */
import { readInitialWeights } from "../../engine/train/init_checkpoint.ts";
import type { Model } from "../../engine/train/model.ts";
import { RunDirectory } from "../../engine/train/run_directory.ts";
import { WeightsFile } from "../../engine/storage/weights_file.ts";
import { createDataset } from "../../registry/builder/dataset.ts";
import { assembleModel, type ModelSamples } from "../../registry/builder/model.ts";
import { resolveConfig } from "../../registry/config/resolve.ts";
import type { ResolvedConfig } from "../../registry/config/tree.ts";
import type { Encoder } from "../../registry/plugin.ts";
import type { Registry } from "../../registry/registry.ts";
import { addPluginHint } from "../runs/run_plugins.ts";
import { foreignSamples, samplesOf } from "./_model_samples.ts";

/** A model with its weights. */
export interface LoadedModel {
  /** The checkpoint. */
  readonly checkpoint: string;
  /** Its run. */
  readonly directory: RunDirectory;
  /** The config that it was trained with. */
  readonly config: ResolvedConfig;
  /** The samples that it is for. */
  readonly samples: ModelSamples;
  /** The model. */
  readonly model: Model;
  /** Its encoder. */
  readonly encoder: Encoder;
  /** Values by name of the parameter. */
  readonly values: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
  /** Names of the classes by index, where the run has recorded them. */
  readonly classNames?: readonly string[];
}

/**
 * Rebuilds the model of a checkpoint. The config is found beside it.
 * @param checkpoint Path of a checkpoint, for example `RUN/checkpoints/best.pt`.
 * @param registry Where plugins are looked up.
 * @throws {DataError} if the checkpoint or its config is missing, damaged, or does not fit.
 * @throws {ConfigError} if the config names a plugin that is not registered; the message names the
 *   modules that the run was made with.
 */
export async function loadModel(checkpoint: string, registry: Registry): Promise<LoadedModel> {
  const directory = RunDirectory.ofCheckpoint(checkpoint);
  const tree = directory.readModelConfig(`Cannot load "${checkpoint}"`);
  const { config } = await withPluginHint(
    directory,
    { config: tree, registry },
    () => resolveConfig({ file: tree }, registry),
  );
  const sources = { config, registry };
  const data = await withPluginHint(directory, sources, (given) => createDataset(given));
  const { dataset } = data;
  using file = WeightsFile.open(checkpoint);
  const samples = { name: checkpoint, ...samplesOf(file) ?? await foreignSamples(file, data) };
  const { model, encoder, names } = await assembleModel(sources, dataset, samples);
  const { parameters } = model;
  const { values } = readInitialWeights(file, { parameters, names, key: "model" });
  const classNames = classNamesOf(directory, model.numClasses);
  return { checkpoint, directory, config, samples, model, encoder, values, classNames };
}

/** Does something with a run's config; where a plugin is missing, the error says how to name it. */
async function withPluginHint<
  S extends { readonly config: unknown; readonly registry: Registry },
  T,
>(
  directory: RunDirectory,
  sources: S,
  work: (sources: S) => T | Promise<T>,
): Promise<T> {
  try {
    return await work(sources);
  } catch (error) {
    throw addPluginHint(error, { directory, tree: sources.config, ...sources });
  }
}

/** Names of the classes, as far as the run has recorded them. */
function classNamesOf(directory: RunDirectory, numClasses: number): string[] | undefined {
  const { class_names } = directory.readRuntimeInfo();
  const fits = Array.isArray(class_names) && class_names.length === numClasses;
  return fits ? class_names.map(String) : undefined;
}
