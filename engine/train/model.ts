/**
 * A model as training and evaluation see it, and how batches are fed to it.
 * @module
 */
import { input } from "../ir/create.ts";
import { add, cast, exp, sigmoid } from "../ir/elementwise.ts";
import { gather } from "../ir/indexing.ts";
import { reshape } from "../ir/layout.ts";
import { logSoftmax } from "../ir/matrix.ts";
import type { Tensor } from "../ir/node.ts";
import type { Bags } from "../nn/bags.ts";
import { binaryCrossEntropyWithLogits, crossEntropy, meanSquaredError } from "../nn/losses.ts";
import { RandomStream } from "../nn/random.ts";
import type { ForwardContext, Parameter } from "../nn/scope.ts";
import type { Value } from "../runtime/session.ts";
import type { Batch } from "../data/data.ts";
import type { TaskInfo } from "./interfaces.ts";
import { type Mixing, type MixInputs, mixInputs, mixLosses, mixSamples } from "./mixing.ts";
import { type ModelOutput, requireOutput } from "./model_output.ts";

export type { ModelOutput } from "./model_output.ts";

/**
 * Graph inputs that carry a batch.
 * @category Models
 */
export interface ModelInputs {
  /** `[batch, …]`, or `[instances, …]` when samples are bags. */
  readonly features: Tensor;
  /** Which rows belong to which bag, when samples are bags. */
  readonly bags?: Bags;
  /** Classes `int64 [batch]`, or targets `float32 [batch, width]`. */
  readonly labels: Tensor;
}

/**
 * A model: parameters, and a graph over them.
 * @category Models
 */
export interface Model extends TaskInfo {
  /** Whether samples are bags. */
  readonly bags: boolean;
  /** Shape of one sample, or of one instance. */
  readonly sampleShape: readonly number[];
  /** All parameters, in the order of their declaration. */
  readonly parameters: readonly Parameter[];
  /**
   * Builds the graph.
   * @param inputs The batch; `labels` is left out where a head must not see targets.
   * @param context Mode and random numbers.
   */
  forward(
    inputs: Omit<ModelInputs, "labels"> & { labels?: Tensor },
    context: ForwardContext,
  ): ModelOutput;
}

/** The graph of one mode, ready for a session. */
export interface ModelGraph {
  /** Task loss plus auxiliary losses, a scalar. */
  readonly loss: Tensor;
  /** Probabilities, or predicted values for regression: `[batch, num_classes]`. */
  readonly scores: Tensor;
  /** What the model computed. */
  readonly output: ModelOutput;
  /** The parts that `loss` is the sum of, by name; empty where there is only one. */
  readonly parts: Readonly<Record<string, Tensor>>;
  /** Next values of the parameters that the forward pass updates in training, by name. */
  readonly updates: Readonly<Record<string, Tensor>>;
}

/**
 * What a model predicts, ready for a session.
 * @category Models
 */
export interface PredictionGraph {
  /** `[batch, num_classes]`. */
  readonly logits: Tensor;
  /** Probabilities, or predicted values for regression: `[batch, num_classes]`. */
  readonly scores: Tensor;
  /** Attention logits before softmax, `[branches, instances]`, for heads that attend. */
  readonly attention?: Tensor;
  /** Whether branch `k` of the attention is that of class `k`. */
  readonly attentionPerClass: boolean;
  /** How much each instance is one of each class, 0 to 1, `[instances, num_classes]`. */
  readonly instanceScores?: Tensor;
}

/**
 * Builds a model's graph for prediction: no targets, nothing random.
 * @param model The model.
 * @returns Tensors over the inputs `features` (and, for bags, `lengths` and `bag_index`) and the
 *   model's parameters.
 * @throws {TypeError} if the model's output is not of the announced shapes.
 *
 * @example Probabilities, from weights that one sets
 * ```ts
 * import { buildModel, configure, precomputed, precomputedFeatures, predictionGraph } from
 *   "@glovita/glovita";
 * import { evaluate } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const files = { train_features_file: "train.h5", val_features_file: "val.h5" };
 * const model = await buildModel([
 *   configure(precomputedFeatures, { num_classes: 2, ...files }),
 *   configure(precomputed, { feature_dim: 1 }),
 * ], { sampleShape: [1] });
 *
 * const float32 = (shape: number[], ...values: number[]) =>
 *   ({ dtype: "float32", shape, data: Float32Array.from(values) }) as const;
 * const { data } = await evaluate(predictionGraph(model).scores, {
 *   "features": float32([1, 1], 1),
 *   "head.fc.fc.weight": float32([2, 1], Math.log(3), 0),
 *   "head.fc.fc.bias": float32([2], 0, 0),
 * });
 * assertEquals([...data].map((value) => Number(value).toFixed(2)), ["0.75", "0.25"]);
 * ```
 *
 * @category Models
 */
export function predictionGraph(model: Model): PredictionGraph {
  const { labels: _, ...data } = modelInputs(model);
  const random = new RandomStream(input("random_seed", "uint32", []));
  const output = model.forward(data, { training: false, random });
  const { logits, attention, attentionPerClass = false, instanceScores } = requireOutput(
    output,
    model,
  );
  const shaped = reshape(logits, ["batch", model.numClasses]);
  const scores = scoresOf(model, shaped);
  return { logits: shaped, scores, attention, attentionPerClass, instanceScores };
}

/** Makes the graph inputs of a model. */
export function modelInputs(model: Model): ModelInputs {
  const rows = model.bags ? "instances" : "batch";
  const features = input("features", "float32", [rows, ...model.sampleShape]);
  const bags = model.bags
    ? { lengths: input("lengths", "int64", ["batch"]), index: input("bag_index", "int64", [rows]) }
    : undefined;
  const labels = model.subtask === "multiclass"
    ? cast(input("labels", "int32", ["batch"]), "int64")
    : input("labels", "float32", ["batch", model.numClasses]);
  return { features, bags, labels };
}

/**
 * Builds a model's graph with its loss and its predictions.
 * @param model The model.
 * @param options Mode, label smoothing of the cross entropy, what mixes samples in training, and
 *   about how many rows of features a batch has ({@linkcode ForwardContext.expectedRows}). The model
 *   sees no labels of mixed samples, so that it has no losses of its own that need them.
 * @returns Tensors over the inputs `features` (and, for bags, `lengths` and `bag_index`), `labels`
 *   and `random_seed`, those of `mixInputs()`, and the model's parameters.
 * @throws {TypeError} if the model's output is not of the announced shapes.
 *
 * @example The gradient of two weights, both 0, for a sample of class 0
 * ```ts
 * import { buildModel, configure, precomputed, precomputedFeatures } from "@glovita/glovita";
 * import { evaluate, gradients } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const files = { train_features_file: "train.h5", val_features_file: "val.h5" };
 * const model = await buildModel([
 *   configure(precomputedFeatures, { num_classes: 2, ...files }),
 *   configure(precomputed, { feature_dim: 1 }),
 * ], { sampleShape: [1] });
 *
 * const { loss } = modelGraph(model, { training: true });
 * const [gradient] = gradients(loss, model.parameters.map(({ tensor }) => tensor));
 * const zeros = (...shape: number[]) =>
 *   ({ dtype: "float32", shape, data: new Float32Array(2) }) as const;
 * const { data } = await evaluate(gradient, {
 *   "features": { dtype: "float32", shape: [1, 1], data: Float32Array.of(3) },
 *   "labels": { dtype: "int32", shape: [1], data: Int32Array.of(0) },
 *   "head.fc.fc.weight": zeros(2, 1),
 *   "head.fc.fc.bias": zeros(2),
 * });
 * assertEquals([...data].map((value) => Number(value).toFixed(2)), ["-1.50", "1.50"]);
 * ```
 */
export function modelGraph(
  model: Model,
  options: {
    readonly training: boolean;
    readonly labelSmoothing?: number;
    readonly mixing?: Mixing;
    readonly expectedRows?: number;
  },
): ModelGraph {
  const inputs = modelInputs(model);
  const random = new RandomStream(input("random_seed", "uint32", []));
  const { training, expectedRows } = options;
  const updates = new Map<string, Tensor>();
  const update = (parameter: Tensor, next: Tensor) => addUpdate(updates, parameter, next);
  const context: ForwardContext = {
    training,
    random,
    expectedRows,
    update: training ? update : undefined,
  };
  const mix = options.mixing && mixInputs(options.mixing, model.sampleShape);
  const { labels, ...data } = inputs;
  const seen = mix ? { ...data, features: mixSamples(data.features, mix) } : data;
  const shown = training && !mix ? inputs : seen;
  const output = requireOutput(model.forward(shown, context), model);
  const logits = reshape(output.logits, ["batch", model.numClasses]);
  const lossBy = (targets: Tensor) => lossOf(model, logits, targets, options.labelSmoothing ?? 0);
  const taskLoss = mixedLoss(lossBy, labels, mix);
  const auxiliary = Object.entries(output.losses ?? {});
  const loss = auxiliary.reduce((sum, [, part]) => add(sum, part), taskLoss);
  const parts = auxiliary.length === 0 ? {} : { task: taskLoss, ...output.losses };
  return {
    loss,
    scores: scoresOf(model, logits),
    output: { ...output, logits },
    parts,
    updates: Object.fromEntries(updates),
  };
}

function addUpdate(updates: Map<string, Tensor>, { node }: Tensor, next: Tensor): void {
  if (node.op !== "Input") {
    throw new TypeError(`Cannot update the result of ${node.op}: it is not a parameter`);
  }
  const { name } = node.attributes;
  if (updates.has(name)) {
    throw new TypeError(`Cannot update parameter "${name}": the forward pass updates it twice`);
  }
  updates.set(name, next);
}

function mixedLoss(
  lossBy: (labels: Tensor) => Tensor,
  labels: Tensor,
  mix: MixInputs | undefined,
): Tensor {
  const own = lossBy(labels);
  return mix ? mixLosses(own, lossBy(gather(labels, mix.partners)), mix) : own;
}

function lossOf(
  { subtask }: TaskInfo,
  logits: Tensor,
  labels: Tensor,
  labelSmoothing: number,
): Tensor {
  switch (subtask) {
    case "multiclass":
      return crossEntropy(logits, labels, labelSmoothing);
    case "multilabel":
      return binaryCrossEntropyWithLogits(logits, labels);
    case "regression":
      return meanSquaredError(logits, labels);
  }
}

function scoresOf({ subtask }: TaskInfo, logits: Tensor): Tensor {
  switch (subtask) {
    case "multiclass":
      // The cross entropy has computed the logarithm already.
      return exp(logSoftmax(logits));
    case "multilabel":
      return sigmoid(logits);
    case "regression":
      return logits;
  }
}

/**
 * Turns a batch into values for the inputs of {@linkcode modelInputs}.
 * @param batch The batch.
 * @param model The model it is for.
 * @param seed Seed of the step's random numbers.
 */
export function batchFeeds(batch: Batch, model: Model, seed: number): Record<string, Value> {
  const { size, labels } = batch;
  return {
    ...sampleFeeds(batch, model),
    labels: model.subtask === "multiclass"
      ? { dtype: "int32", shape: [size], data: labels }
      : { dtype: "float32", shape: [size, model.numClasses], data: labels },
    random_seed: { dtype: "uint32", shape: [], data: Uint32Array.of(seed) },
  };
}

/**
 * Turns samples into values for the inputs of {@linkcode predictionGraph}.
 * @param samples Packed rows, and the lengths of bags.
 * @param model The model that they are for.
 */
export function sampleFeeds(
  { features, rows, size, lengths }: Pick<Batch, "features" | "rows" | "size" | "lengths">,
  model: Model,
): Record<string, Value> {
  const feeds: Record<string, Value> = {
    features: { dtype: "float32", shape: [rows, ...model.sampleShape], data: features },
  };
  if (lengths) {
    feeds.lengths = { dtype: "int64", shape: [size], data: BigInt64Array.from(lengths, BigInt) };
    feeds.bag_index = { dtype: "int64", shape: [rows], data: bagIndex(lengths, rows) };
  }
  return feeds;
}

/** Bag of every row. */
function bagIndex(lengths: Int32Array, rows: number): BigInt64Array {
  const index = new BigInt64Array(rows);
  let start = 0;
  for (const [bag, length] of lengths.entries()) {
    index.fill(BigInt(bag), start, start + length);
    start += length;
  }
  return index;
}
