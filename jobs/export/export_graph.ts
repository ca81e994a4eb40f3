/**
 * The graph of a trained model with its weights inside: what an exported file computes.
 * @module
 */
import { input } from "../../engine/ir/create.ts";
import {
  add,
  div,
  exp,
  log,
  max,
  mul,
  neg,
  softplus,
  sqrt,
  sub,
} from "../../engine/ir/elementwise.ts";
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
export const TINY = 1e-37;

/** A model and its weights. */
export type WeightedModel = Pick<LoadedModel, "model" | "values">;

/**
 * Builds the graph of one model, or of several whose probabilities are averaged.
 *
 * Inputs are `features` (`[batch, …]`, or `[instances, …]` for bags) and, for bags, `lengths`
 * (`int64 [batch]`). Outputs are those of {@linkcode modelOutputs}. Of an ensemble, `scores` and
 * `instance_scores` are means, `spread` is the standard deviation of scores, `logits` is what gives
 * these scores, and `attention` what gives the mean of the weights.
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

/**
 * What a file says of a model, by name: `scores` and `logits`; for bags also `attention`
 * (`[branches, instances]`, before the softmax within each bag) where the model attends, and
 * `instance_scores` (`[instances, num_classes]`) where it scores instances.
 * @param model The model.
 */
export function modelOutputs(model: Model): Readonly<Record<string, Tensor>> {
  const { attention, instanceScores, logits, scores } = predictionGraph(model);
  return {
    ...{ scores, logits },
    ...(model.bags && attention && { attention }),
    ...(model.bags && instanceScores && { instance_scores: instanceScores }),
  };
}

function weightedGraph({ model, values }: WeightedModel): OnnxGraph {
  return bakeInputs(
    emit(modelOutputs(model)),
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
  const [model] = models;
  const own = modelOutputs(model);
  const each = (name: string) =>
    models.map((_, at) => input(prefixOf(at) + name, "float32", own[name].shape));
  const all = each("scores");
  const scores = meanOf(all);
  const graph = emit({
    scores,
    logits: logitsOf(scores, each("logits"), model.subtask),
    ...(own.attention && { attention: meanAttention(model, each("attention")) }),
    ...(own.instance_scores && { instance_scores: meanOf(each("instance_scores")) }),
    spread: spreadOf(all, scores),
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
function logitsOf(scores: Tensor, each: readonly Tensor[], subtask: Model["subtask"]): Tensor {
  switch (subtask) {
    case "multiclass":
      return logOf(scores);
    case "multilabel": {
      // By way of scores, float32 no longer says how far one is from 1.
      const share = (sign: 1 | -1) =>
        meanOf(each.map((logits) => exp(neg(softplus(mul(logits, sign))))));
      return sub(logOf(share(-1)), logOf(share(1)));
    }
    case "regression":
      return scores;
  }
}

function meanAttention(model: Model, each: readonly Tensor[]): Tensor {
  const grid = bagGrid(modelInputs(model).bags!);
  return logOf(meanOf(each.map((one) => bagSoftmax(one, grid))));
}
