/**
 * The graph of a trained model with its weights inside: what an exported file computes.
 * @module
 */
import { input } from "../../engine/ir/create.ts";
import { add, div, log, max, mul, sqrt, sub } from "../../engine/ir/elementwise.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { bagGrid, bagIndex } from "../../engine/nn/bags.ts";
import { bagSoftmax } from "../../engine/nn/bag_pooling.ts";
import { bakeInputs } from "../../engine/onnx/bake.ts";
import { emit, type OnnxGraph } from "../../engine/onnx/emit.ts";
import { joinGraphs, withPrefix } from "../../engine/onnx/join.ts";
import { type Model, modelInputs, predictionGraph } from "../../engine/train/model.ts";
import type { LoadedModel } from "../predict/load_model.ts";

/** Inputs that all models of an ensemble share. */
const SHARED: ReadonlySet<string> = new Set(["features", "lengths", "bag_index"]);
/** Smallest probability whose logarithm is taken. */
const TINY = 1e-37;

/** A model and its weights. */
export type WeightedModel = Pick<LoadedModel, "model" | "values">;

/**
 * Builds the graph of one model, or of several whose probabilities are averaged.
 *
 * Inputs are `features` (`[batch, …]`, or `[instances, …]` for bags) and, for bags, `lengths`
 * (`int64 [batch]`). Outputs are `scores`, `logits`, and `attention` (`[branches, instances]`,
 * before the softmax within each bag) where the models attend. Of an ensemble, `scores` is the mean,
 * `spread` the standard deviation, `logits` is what gives these scores, and `attention` what gives the
 * mean of the weights.
 * @param models The models, which predict the same thing.
 * @returns The graph, weights inside.
 */
export function exportGraph(models: readonly WeightedModel[]): OnnxGraph {
  const [{ model }] = models;
  const graphs = models.map((one, at) => {
    const graph = weightedGraph(one);
    return models.length === 1 ? graph : withPrefix(graph, prefixOf(at), SHARED);
  });
  const outputs = graphs[0].outputs.map(({ name }) => name.slice(name.lastIndexOf(".") + 1));
  const index = model.bags ? [indexGraph(model)] : [];
  const mean = models.length === 1 ? [] : [meanGraph(models.map(({ model }) => model), outputs)];
  const all = models.length === 1 ? outputs : [...outputs, "spread"];
  return joinGraphs([...index, ...graphs, ...mean], all);
}

function prefixOf(at: number): string {
  return `model_${at}.`;
}

function weightedGraph({ model, values }: WeightedModel): OnnxGraph {
  const { attention, logits, scores } = predictionGraph(model);
  const graph = emit({ scores, logits, ...(attention && { attention }) });
  return bakeInputs(
    graph,
    new Map(
      model.parameters.map(({ name, shape }) => [name, { shape, values: values.get(name)! }]),
    ),
  );
}

/** The bag of every row, which callers should not have to say. */
function indexGraph(model: Model): OnnxGraph {
  const { features, bags } = modelInputs(model);
  const graph = emit({ bag_index: bagIndex(bags!.lengths, features) });
  return withPrefix(graph, "bags.", SHARED);
}

function meanGraph(models: readonly Model[], outputs: readonly string[]): OnnxGraph {
  const [{ numClasses, bags, subtask }] = models;
  const each = (name: string, shape: readonly (number | string)[]) =>
    models.map((_, at) => input(prefixOf(at) + name, "float32", [...shape]));
  const own = each("scores", ["batch", numClasses]);
  const scores = meanOf(own);
  const attention = bags && outputs.includes("attention") ? meanAttention(models, each) : undefined;
  const graph = emit({
    scores,
    spread: spreadOf(own, scores),
    logits: logitsOf(scores, subtask),
    ...(attention && { attention }),
  });
  const kept = new Set([...SHARED, ...graph.inputs.map(({ name }) => name), ...outputs, "spread"]);
  return withPrefix(graph, "mean.", kept);
}

function meanOf(tensors: readonly Tensor[]): Tensor {
  return div(tensors.reduce((sum, tensor) => add(sum, tensor)), tensors.length);
}

/** Standard deviation over models. */
function spreadOf(tensors: readonly Tensor[], mean: Tensor): Tensor {
  const squares = tensors.map((tensor) => {
    const distance = sub(tensor, mean);
    return mul(distance, distance);
  });
  return sqrt(div(squares.reduce((sum, square) => add(sum, square)), tensors.length - 1));
}

function logOf(x: Tensor): Tensor {
  return log(max(x, TINY));
}

/** What gives the scores when the last step of the task is taken. */
function logitsOf(scores: Tensor, subtask: Model["subtask"]): Tensor {
  switch (subtask) {
    case "multiclass":
      return logOf(scores);
    case "multilabel":
      return sub(logOf(scores), logOf(sub(1, scores)));
    case "regression":
      return scores;
  }
}

function meanAttention(
  models: readonly Model[],
  each: (name: string, shape: readonly (number | string)[]) => Tensor[],
): Tensor {
  const { bags } = modelInputs(models[0]);
  const grid = bagGrid(bags!);
  const { shape } = predictionGraph(models[0]).attention!;
  return logOf(meanOf(each("attention", shape).map((one) => bagSoftmax(one, grid))));
}
