/**
 * What checkpoints say of samples, so that a file can be compared with it: every output of the file,
 * computed from the checkpoints without the file's graph.
 * @module
 */
import { sizeOf } from "../../engine/ir/dims.ts";
import { Session } from "../../engine/runtime/session.ts";
import { type Model, sampleFeeds } from "../../engine/train/model.ts";
import type { Registry } from "../../registry/registry.ts";
import { type LoadedModel, loadModel } from "../predict/load_model.ts";
import type { Samples } from "../predict/trained_model.ts";
import { modelOutputs, TINY } from "./export_graph.ts";

/** Values by name of the output, row-major. */
export type Outputs = Readonly<Record<string, Float32Array>>;

/**
 * Computes what a file of some models should say.
 * @param models The models; their checkpoints are read anew, as adapters may have been merged.
 * @param samples Samples.
 * @param options Where plugins are looked up, and what stops it between models.
 * @returns All outputs; of several models as {@linkcode meanOutputs} puts them together.
 */
export async function expectedOutputs(
  models: readonly LoadedModel[],
  samples: Samples,
  { registry, signal }: { readonly registry: Registry; readonly signal?: AbortSignal },
): Promise<Outputs> {
  const all: Outputs[] = [];
  for (const { checkpoint } of models) {
    signal?.throwIfAborted();
    all.push(await outputsOf(await loadModel(checkpoint, registry), samples));
  }
  const [{ model }] = models;
  return all.length === 1 ? all[0] : meanOutputs(all, { ...model, lengths: samples.lengths });
}

/**
 * Computes what a checkpoint says.
 * @param loaded The checkpoint's model.
 * @param samples Samples.
 * @returns All outputs.
 */
export async function outputsOf(
  { model, values }: Pick<LoadedModel, "model" | "values">,
  { features, lengths }: Samples,
): Promise<Outputs> {
  const rows = features.length / sizeOf(model.sampleShape);
  const weights = model.parameters.map(({ name, shape }) =>
    [name, { dtype: "float32", shape, data: values.get(name)! }] as const
  );
  const session = await Session.create(modelOutputs(model));
  try {
    const feeds = sampleFeeds({ features, rows, size: lengths?.length ?? rows, lengths }, model);
    const outputs = await session.run({ ...feeds, ...Object.fromEntries(weights) });
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]),
    );
  } finally {
    await session.release();
  }
}

/** What several models predict, and the instances of each bag. */
interface Ensemble extends Pick<Model, "subtask"> {
  readonly lengths?: Int32Array;
}

/**
 * What an ensemble says: the means of scores and instance scores, the standard deviation of scores,
 * the logits that give these scores, and the attention that gives the mean of the weights within each
 * bag.
 * @param all What each model says.
 * @param ensemble What they predict, and the instances of each bag.
 */
export function meanOutputs(
  all: readonly Outputs[],
  { subtask, lengths }: Ensemble,
): Outputs {
  const each = (name: string) => all.map((outputs) => outputs[name]);
  const { attention, instance_scores } = all[0];
  const scores = mean(each("scores"));
  return {
    scores: Float32Array.from(scores),
    logits: Float32Array.from(logitsOf(scores, each("logits"), subtask)),
    ...(attention && lengths && {
      attention: Float32Array.from(
        mean(each("attention").map((one) => weightsOf(one, lengths))),
        logarithm,
      ),
    }),
    ...(instance_scores && { instance_scores: Float32Array.from(mean(each("instance_scores"))) }),
    spread: Float32Array.from(spreadOf(each("scores"), scores)),
  };
}

function logitsOf(
  scores: Float64Array,
  each: readonly Float32Array[],
  subtask: Model["subtask"],
): Float64Array {
  switch (subtask) {
    case "multiclass":
      return scores.map(logarithm);
    case "multilabel": {
      const share = (sign: 1 | -1) =>
        mean(each.map((logits) => Float64Array.from(logits, (x) => sigmoid(sign * x))));
      const others = share(-1);
      return share(1).map((one, at) => logarithm(one) - logarithm(others[at]));
    }
    case "regression":
      return scores;
  }
}

function mean(all: readonly (Float32Array | Float64Array)[]): Float64Array {
  return Float64Array.from(
    all[0],
    (_, at) => all.reduce((sum, one) => sum + one[at], 0) / all.length,
  );
}

function spreadOf(all: readonly Float32Array[], mean: Float64Array): Float64Array {
  return mean.map((middle, at) =>
    Math.sqrt(all.reduce((sum, one) => sum + (one[at] - middle) ** 2, 0) / (all.length - 1))
  );
}

function logarithm(value: number): number {
  return Math.log(Math.max(value, TINY));
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** Attention after the softmax within each bag, branch by branch. */
function weightsOf(attention: Float32Array, lengths: Int32Array): Float64Array {
  const weights = Float64Array.from(attention);
  const branches = weights.length / lengths.reduce((a, b) => a + b, 0);
  let start = 0;
  for (let branch = 0; branch < branches; branch++) {
    for (const length of lengths) {
      softmax(weights.subarray(start, start + length));
      start += length;
    }
  }
  return weights;
}

/** In place. */
function softmax(values: Float64Array): void {
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  for (const [at, value] of values.entries()) values[at] = Math.exp(value - most);
  const sum = values.reduce((a, b) => a + b, 0);
  for (const [at, value] of values.entries()) values[at] = value / sum;
}
