/**
 * Exporting: a trained model, or several as one, leaves as one ONNX file that runs where there is no
 * glovita.
 * @module
 */
import { basename, join } from "node:path";
import { DataError } from "../../engine/errors.ts";
import { firstLine } from "../../engine/first_line.ts";
import { readImage } from "../../engine/images/decode.ts";
import { imageFilesOf } from "../../engine/images/image_source.ts";
import { transformGraph } from "../../engine/images/transform_graph.ts";
import type { OnnxGraph } from "../../engine/onnx/emit.ts";
import { withHalfWeights } from "../../engine/onnx/half_weights.ts";
import { joinGraphs, withPrefix } from "../../engine/onnx/join.ts";
import { Loader } from "../../engine/data/loader.ts";
import { imageTransforms } from "../../registry/builder/images.ts";
import { mergedModel } from "../../registry/builder/merged_model.ts";
import { encodeWhileReading } from "../../registry/builder/model.ts";
import { type ExportConfig, resolveExportConfig } from "../../registry/config/export.ts";
import { ConfigError, quote } from "../../registry/errors.ts";
import type { ImageTransform } from "../../registry/plugin.ts";
import { type Registry, registry as defaultRegistry } from "../../registry/registry.ts";
import { findModels } from "../predict/find_models.ts";
import { openInferData } from "../predict/infer_data.ts";
import { type LoadedModel, loadModel } from "../predict/load_model.ts";
import { checkModel, type CheckSamples, imageSample, standInSamples } from "./check_model.ts";
import { expectedOutputs } from "./expected_outputs.ts";
import { exportGraph } from "./export_graph.ts";
import { exportVersions, modelMetadata } from "./model_metadata.ts";
import { writeBrowserPage } from "./browser_page.ts";
import { type ModelFiles, writeModel } from "./model_file.ts";

/**
 * What exporting needs besides its config.
 * @category Export
 */
export interface ExportOptions {
  /** Where plugins are looked up. @default {registry} */
  readonly registry?: Registry;
  /** Stops the work between models when it aborts. */
  readonly signal?: AbortSignal;
  /** Called with lines for the user. */
  readonly onNotice?: (message: string) => void;
}

/**
 * An exported model.
 * @category Export
 */
export interface ExportedModel extends ModelFiles {
  /** The page that opens it in a browser, where one was asked for. */
  readonly page?: string;
  /** Checkpoints that are inside. */
  readonly checkpoints: readonly string[];
  /** Names and shapes of the inputs; text is a size that callers choose. */
  readonly inputs: Readonly<Record<string, readonly (number | string)[]>>;
  /** Names and shapes of the outputs. */
  readonly outputs: Readonly<Record<string, readonly (number | string)[]>>;
  /**
   * Largest difference to what the checkpoints say, by output; of logits, attention and predicted
   * values in proportion to the largest of them, where that is above 1.
   */
  readonly differences: Readonly<Record<string, number>>;
  /** Samples that were compared. */
  readonly samples: number;
  /** Whether they are of the run's own data; else they are random numbers. */
  readonly real: boolean;
}

/** Samples that a file is checked with. */
const CHECKED_ROWS = 16;
const CHECKED_BAGS = 2;

/**
 * Writes the model of a run, of the folds of a group as one, or of a checkpoint to an ONNX file with
 * everything inside: encoder, aggregation, head and their weights. Before the file gets its name,
 * onnxruntime runs it on samples of the run's data; if one of its outputs is not what the checkpoint
 * says, there is no file.
 *
 * Inputs are `features`, `float32 [batch, …]`; for bags `features`, `float32 [instances, …]`, and
 * `lengths`, `int64 [batch]`; with `with_preprocessing` `image`, `uint8 [height, width, 3]`. Outputs
 * are `scores` and `logits`, `float32 [batch, num_classes]`; `attention`,
 * `float32 [branches, instances]`, before the softmax within each bag, where the head attends; and
 * `instance_scores`, `float32 [instances, num_classes]`, where it scores instances.
 * @param given Fields of the config; those left out have their defaults.
 * @param options Registry, and who is told what.
 * @returns What was written.
 * @throws {ConfigError} if the config is wrong, or asks for what the model cannot have.
 * @throws {DataError} if a run or checkpoint cannot be used, or the file says something else.
 *
 * @example Train, and take the model elsewhere
 * ```ts
 * import { configure, exportModel, precomputed, precomputedFeatures, train } from
 *   "@glovita/glovita";
 * import { Session } from "@glovita/glovita/engine";
 * import { FeatureWriter } from "@glovita/glovita/features";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * const file = `${folder}/features.h5`;
 * const writer = await FeatureWriter.create(file, { embedDim: 2 });
 * writer.append(Float32Array.of(1, 0, 0, 1), [0, 1]); // two samples, of class 0 and 1
 * writer.close();
 * const files = { train_features_file: file, val_features_file: file };
 * const [{ directory }] = await train([
 *   configure(precomputedFeatures, { num_classes: 2, ...files }),
 *   configure(precomputed, { feature_dim: 2 }),
 *   { optimizer: { lr: 1 }, training: { epochs: 5 }, exp_dir: folder },
 * ]);
 *
 * const model = await exportModel({ exp_dir: directory });
 * const session = await Session.open(model.file);
 * const { scores } = await session.run({
 *   features: { dtype: "float32", shape: [1, 2], data: Float32Array.of(1, 0) },
 * });
 * await session.release();
 * assertEquals(scores.data[0] > scores.data[1], true);
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @category Export
 */
export async function exportModel(
  given: Partial<ExportConfig>,
  options: ExportOptions = {},
): Promise<ExportedModel> {
  const { registry = defaultRegistry, onNotice = () => {}, signal } = options;
  const { config } = resolveExportConfig({ parts: [given] }, registry);
  requireName(config.output);
  requirePlain(config);
  const found = findModels(config);
  const models: LoadedModel[] = [];
  for (const { checkpoint } of found) {
    signal?.throwIfAborted();
    const loaded = await loadModel(checkpoint, registry);
    models.push(config.merge_adapters ? await withoutAdapters(loaded, registry) : loaded);
  }
  requireAlike(models);
  const transform = imageTransforms({ config: models[0].config, registry })?.eval;
  const graph = graphOf(models, config, transform);
  const { samples, real } = config.with_preprocessing
    ? await imageOf(models[0], transform!, registry)
    : await samplesOf(models[0], registry, onNotice);
  const outputs = await expectedOutputs(models, samples, { registry, signal });
  const { precision } = config;
  const withPreprocessing = config.with_preprocessing;
  let differences: ExportedModel["differences"] = {};
  const path = config.output ?? join(config.browser ?? folderOf(models, config), "model.onnx");
  const versions = await exportVersions();
  const metadata = modelMetadata({ models, precision, transform, withPreprocessing, versions });
  const files = await writeModel(path, graph, {
    metadata,
    check: async (file) => {
      differences = await checkModel(file, { samples, outputs }, {
        model: models[0].model,
        precision,
      });
    },
  });
  if (config.browser !== null) {
    await writeBrowserPage(config.browser, {
      models,
      registry,
      transform,
      metadata,
      files,
      onNotice,
    });
  }
  return {
    ...files,
    ...(config.browser !== null && { page: join(config.browser, "index.html") }),
    checkpoints: found.map(({ checkpoint }) => checkpoint),
    inputs: Object.fromEntries(graph.inputs.map(({ name, shape }) => [name, shape])),
    outputs: Object.fromEntries(graph.outputs.map(({ name, shape }) => [name, shape])),
    differences,
    samples: outputs.scores.length / models[0].model.numClasses,
    real,
  };
}

/** The model with its adapters in its weights: what its PEFT method adds takes no time any more. */
async function withoutAdapters(loaded: LoadedModel, registry: Registry): Promise<LoadedModel> {
  const { config, model: { task, subtask, numClasses }, samples, values } = loaded;
  const given = { task: { task, subtask, numClasses }, samples, values };
  const { stack, values: merged } = await mergedModel({ config, registry }, given);
  return { ...loaded, model: stack.model, encoder: stack.encoder, values: merged };
}

function requireName(path: string | null): void {
  if (path === null || path.endsWith(".onnx")) return;
  const message = `expected a name that ends in .onnx, received ${quote(path)}`;
  throw new ConfigError([{ path: "output", message }]);
}

/** A page has its model beside it, and prepares images itself. */
function requirePlain({ browser, output, with_preprocessing }: ExportConfig): void {
  if (browser === null) return;
  const issues = [
    ...(output === null ? [] : [{
      path: "output",
      message: `expected none beside browser: the model is written to ${
        quote(join(browser, "model.onnx"))
      }`,
    }]),
    ...(with_preprocessing
      ? [{
        path: "with_preprocessing",
        message: "expected false beside browser: the page prepares images itself",
      }]
      : []),
  ];
  if (issues.length > 0) throw new ConfigError(issues);
}

/** Models of one ensemble say the same of the same samples. */
function requireAlike(models: readonly LoadedModel[]): void {
  const facts = ({ model, classNames, config }: LoadedModel) =>
    JSON.stringify([
      ...[model.task, model.subtask, model.numClasses, model.bags, model.sampleShape],
      ...[classNames, config.model],
    ]);
  const [first] = models;
  const other = models.find((model) => facts(model) !== facts(first));
  if (other === undefined) return;
  throw new DataError(
    `Cannot export: "${first.checkpoint}" and "${other.checkpoint}" are not models of one kind; ` +
      "choose one with --fold",
    { file: other.checkpoint },
  );
}

function graphOf(
  models: readonly LoadedModel[],
  config: ExportConfig,
  transform: ImageTransform | undefined,
): OnnxGraph {
  const graph = withPrecision(exportGraph(models), config.precision);
  if (!config.with_preprocessing) return graph;
  const outputs = graph.outputs.map(({ name }) => name);
  return joinGraphs([imageGraph(models[0], transform), fixBatch(graph)], outputs);
}

function withPrecision(graph: OnnxGraph, precision: 16 | 32): OnnxGraph {
  if (precision === 32) return graph;
  try {
    return withHalfWeights(graph);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new DataError(`Cannot export: ${firstLine(cause)}`, { cause });
  }
}

/** From an image to the model's input. */
function imageGraph({ model }: LoadedModel, transform: ImageTransform | undefined): OnnxGraph {
  const refuse = (message: string): never => {
    throw new ConfigError([{ path: "with_preprocessing", message }]);
  };
  if (transform === undefined) return refuse("expected a model of images");
  try {
    const graph = transformGraph(transform);
    const [features] = graph.outputs;
    // A transform without a size gives what the image has; the model says what it takes.
    const shape = [1, ...model.sampleShape];
    return { ...withPrefix(graph, "", new Set()), outputs: [{ ...features, shape }] };
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    return refuse(`expected preprocessing that ONNX has: ${firstLine(cause)}`);
  }
}

/** One image at a time. */
function fixBatch(graph: OnnxGraph): OnnxGraph {
  const fixed = <T extends { readonly shape: readonly (number | string)[] }>(value: T): T => ({
    ...value,
    shape: value.shape.map((size) => size === "batch" ? 1 : size),
  });
  return { ...graph, inputs: graph.inputs.map(fixed), outputs: graph.outputs.map(fixed) };
}

/** Samples of the run's own data, or random ones where these are not to be had. */
async function samplesOf(
  loaded: LoadedModel,
  registry: Registry,
  onNotice: (message: string) => void,
): Promise<{ readonly samples: CheckSamples; readonly real: boolean }> {
  try {
    return { samples: await realSamples(loaded, registry), real: true };
  } catch (error) {
    if (!(error instanceof DataError || error instanceof ConfigError)) throw error;
    onNotice(`the run's data cannot be read, random numbers are compared: ${firstLine(error)}`);
    return { samples: standInSamples(loaded.model), real: false };
  }
}

/** An image of the run's own data as it is, or one that is made where there are no image files. */
async function imageOf(
  loaded: LoadedModel,
  transform: ImageTransform,
  registry: Registry,
): Promise<{ readonly samples: CheckSamples; readonly real: boolean }> {
  try {
    const { split, subset } = await ownSplit(loaded, registry);
    const file = imageFilesOf(split.source)?.[subset?.[0] ?? 0];
    if (file !== undefined) {
      const image = await readImage(file, 3);
      return { samples: imageSample(transform, { image, name: basename(file) }), real: true };
    }
  } catch (error) {
    if (!(error instanceof DataError || error instanceof ConfigError)) throw error;
  }
  return { samples: imageSample(transform), real: false };
}

/** What the run tests on. */
async function ownSplit({ config, directory: { fold } }: LoadedModel, registry: Registry) {
  const { parts: [part] } = await openInferData({
    ...{ registry, config, isNew: false, split: null },
    fold: config.training.cv_folds > 1 ? fold : undefined,
  });
  return part;
}

async function realSamples(loaded: LoadedModel, registry: Registry): Promise<CheckSamples> {
  const { encoder, model } = loaded;
  const { split, subset } = await ownSplit(loaded, registry);
  const all = subset ?? Int32Array.from({ length: split.length }, (_, index) => index);
  await using loader = new Loader(encodeWhileReading(split, encoder, { threads: 1 }), {
    batchSize: model.bags ? CHECKED_BAGS : CHECKED_ROWS,
    subset: all.slice(0, model.bags ? CHECKED_BAGS : CHECKED_ROWS),
  });
  for await (const { features, lengths, indices } of loader.epoch(0)) {
    return { features, lengths, names: Array.from(indices, (at) => split.ids?.[at] ?? `${at}`) };
  }
  throw new DataError("Cannot read: the split is empty");
}

/** The run; for several runs the folder of the group. */
function folderOf(models: readonly LoadedModel[], { exp_dir }: ExportConfig): string {
  return models.length > 1 && exp_dir !== null ? exp_dir : models[0].directory.path;
}
