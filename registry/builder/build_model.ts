/**
 * From a config to its model, for programs that want the graph itself.
 * @module
 */
import { DataError } from "../../engine/errors.ts";
import type { Model } from "../../engine/train/model.ts";
import type { Dataset } from "../plugin.ts";
import { type Registry, registry as defaultRegistry } from "../registry.ts";
import { type ConfigInput, resolveConfigInput } from "./config_input.ts";
import { createDataset } from "./dataset.ts";
import { assembleModel as buildStack, type ModelSamples } from "./model.ts";

/**
 * What a model is built for.
 * @category Models
 */
export interface BuildModelOptions {
  /** Where plugins are looked up. @default {registry} */
  readonly registry?: Registry;
  /**
   * Shape of one sample, or of one instance of a bag. Where it is not given, the header of the
   * training split is read.
   */
  readonly sampleShape?: readonly number[];
  /** Whether samples are bags; only together with `sampleShape`. @default {false} */
  readonly bags?: boolean;
}

/**
 * Builds the model that a config describes: encoder, feature aggregation and head, with PEFT
 * applied. Nothing is trained and nothing is written; parameters have initializers and no values.
 * @param config A resolved config, or parts of one.
 * @param options Registry, and the samples that the model is for.
 * @returns The model: its parameters, and a graph over them.
 * @throws {ConfigError} if the config is wrong, or its parts do not fit each other or the samples.
 * @throws {DataError} if the samples are not given and the dataset cannot be read.
 * @throws {PluginError} if a plugin is broken.
 *
 * @example The parameters of a head, and its ONNX graph
 * ```ts
 * import { buildModel, clam, configure, precomputed, precomputedFeatures, predictionGraph } from
 *   "@glovita/glovita";
 * import { emit, encode } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const files = { train_features_file: "train.h5", val_features_file: "val.h5" };
 * const model = await buildModel([
 *   configure(precomputedFeatures, { num_classes: 2, ...files }),
 *   configure(precomputed, { feature_dim: 16 }),
 *   configure(clam, { variant: "sb", size_arg: "tiny" }),
 * ], { sampleShape: [16], bags: true });
 *
 * assertEquals(model.parameters[0].name, "head.attention_net.0.layer_norm.weight");
 * const { scores } = predictionGraph(model);
 * const onnx: Uint8Array = encode(emit({ scores }));
 * assertEquals(onnx.length > 1000, true);
 * ```
 *
 * @category Models
 */
export async function buildModel(
  config: ConfigInput,
  options: BuildModelOptions = {},
): Promise<Model> {
  const { registry = defaultRegistry, sampleShape, bags = false } = options;
  const sources = { config: resolveConfigInput(config, registry).config, registry };
  const { dataset } = await createDataset(sources);
  const samples = sampleShape
    ? { name: "the samples", sampleShape, bags }
    : await trainingSamples(dataset);
  return (await buildStack(sources, dataset, samples)).model;
}

async function trainingSamples(dataset: Dataset): Promise<ModelSamples> {
  const split = await dataset.open("train");
  if (!split) throw new DataError("Cannot build the model: the dataset has no train split");
  return { ...split, bags: split.bagLengths !== undefined };
}
