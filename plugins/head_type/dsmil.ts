/**
 * A critical instance per class, and attention by likeness to it.
 * Importing this module adds `dsmil` to the `head_type` slot.
 * @module
 */
import { add, mul, relu, sigmoid, tanh } from "../../engine/ir/elementwise.ts";
import { flatSize } from "../../engine/ir/dims.ts";
import { where } from "../../engine/ir/logic.ts";
import { reshape, transpose } from "../../engine/ir/layout.ts";
import { gather } from "../../engine/ir/indexing.ts";
import { argMax, gemm, reduceMax, reduceSum, softmax } from "../../engine/ir/matrix.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { bagSoftmax, bagSums } from "../../engine/nn/bag_pooling.ts";
import { type BagGrid, bagGrid, type Bags, membership, toGrid } from "../../engine/nn/bags.ts";
import { torchDefault } from "../../engine/nn/initializers.ts";
import { binaryCrossEntropyWithLogits, crossEntropy } from "../../engine/nn/losses.ts";
import type { ForwardContext, Layer, Scope } from "../../engine/nn/scope.ts";
import { flag, nonNegative, options, rate } from "../../registry/options/mod.ts";
import type { HeadContext, HeadInput, ModelOutput, Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/**
 * Config of the `dsmil` head.
 * @category Heads
 */
export interface DsmilConfig {
  /** Whether queries come from two layers instead of one linear map. @default {true} */
  readonly nonlinear: boolean;
  /** Whether values pass a linear layer with ReLU instead of being the instances. @default {false} */
  readonly passing_v: boolean;
  /** Dropout rate before that layer. @default {0} */
  readonly dropout_v: number;
  /** Weight of the loss of the best instances, where that of the bags has weight 1. @default {1} */
  readonly max_loss_weight: number;
}

const config = options<DsmilConfig>({
  nonlinear: flag(true, "queries by two layers instead of one linear map"),
  passing_v: flag(false, "values by a linear layer with ReLU instead of the instances themselves"),
  dropout_v: rate(0, "dropout rate before that layer"),
  max_loss_weight: nonNegative(1, "weight of the loss of the best instances, bags having 1"),
});

/** Width of the queries. */
const QUERY_DIM = 128;

/** The layers of a head. */
interface Layers {
  /** Class scores of instances. */
  readonly score: Layer;
  readonly query: Layer;
  readonly value: Layer;
  /** `[num_classes, num_classes, embed_dim]`. */
  readonly weight: Tensor;
  /** `[num_classes]`. */
  readonly bias: Tensor;
}

/**
 * Li et al. 2021, "Dual-stream multiple instance learning network": one stream scores instances, and
 * the best of each class is that class's critical instance; the other one weighs instances by the
 * product of their query with its query, and classifies the weighted sums of all classes.
 * Parameters are called as in the authors' code.
 *
 * The logits are those of the bag stream, as in the authors' tests. Training adds the loss of each
 * class's best instance score, times `max_loss_weight`: with 1, the sum is twice the authors'
 * 0.5 · bag + 0.5 · max, of the same direction. Where the authors use binary cross entropy on
 * one-hot labels, targets with one class per bag use cross entropy here.
 *
 * @example Attention for each class
 * ```ts
 * import { buildModel, configure, dsmil, precomputed, precomputedFeatures, predictionGraph } from
 *   "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const files = { train_features_file: "train.h5", val_features_file: "val.h5" };
 * const model = await buildModel([
 *   configure(precomputedFeatures, { num_classes: 3, ...files }),
 *   configure(precomputed, { feature_dim: 1024 }),
 *   configure(dsmil, {}),
 * ], { sampleShape: [1024], bags: true });
 *
 * const { logits, attention } = predictionGraph(model);
 * assertEquals([logits.shape, attention?.shape], [["batch", 3], [3, "instances"]]);
 * ```
 *
 * @category Heads
 */
export const dsmil: Plugin<"head_type", DsmilConfig> = {
  slot: "head_type",
  key: "dsmil",
  description: "a critical instance per class, and attention by likeness to it",
  config,
  create(config, context) {
    if (context.task !== "Classification") {
      throw new RangeError(`expected a head for ${context.task}, this one predicts classes`);
    }
    const layers = declare(config, context);
    return {
      input: "bag",
      forward(input, mode) {
        const { best, instances, ...output } = forward(layers, input, mode);
        if (config.max_loss_weight === 0) return output;
        if (!mode.training) return { ...output, instanceScores: scoresOf(instances, context) };
        const loss = lossOf(best, input.labels, context);
        return { ...output, losses: { max: mul(loss, config.max_loss_weight) } };
      },
    };
  },
};

function declare(config: DsmilConfig, { scope, embedDim, numClasses }: HeadContext): Layers {
  const bag = scope.child("b_classifier");
  const [score, query, value] = [
    scope.linear("i_classifier.fc.0", embedDim, numClasses),
    queries(bag, config, embedDim),
    values(bag, config, embedDim),
  ];
  const initializer = torchDefault(numClasses * embedDim);
  const shape = [numClasses, numClasses, embedDim];
  const weight = bag.parameter("fcc.weight", shape, initializer);
  return {
    score,
    query,
    value,
    weight,
    bias: bag.parameter("fcc.bias", [numClasses], initializer),
  };
}

function queries(scope: Scope, { nonlinear }: DsmilConfig, embedDim: number): Layer {
  if (!nonlinear) return scope.linear("q", embedDim, QUERY_DIM);
  const first = scope.linear("q.0", embedDim, QUERY_DIM);
  const second = scope.linear("q.2", QUERY_DIM, QUERY_DIM);
  return (x, context) => tanh(second(relu(first(x, context)), context));
}

function values(scope: Scope, config: DsmilConfig, embedDim: number): Layer {
  if (!config.passing_v) return (x) => x;
  const { dropout_v } = config;
  const layer = scope.linear("v.1", embedDim, embedDim);
  return (x, context) => {
    const kept = context.training ? context.random.dropout(x, dropout_v) : x;
    return relu(layer(kept, context));
  };
}

/** The instance stream's scores as probabilities. */
function scoresOf(instances: Tensor, { subtask }: HeadContext): Tensor {
  return subtask === "multiclass" ? softmax(instances) : sigmoid(instances);
}

/** What the streams compute. */
interface Streams extends ModelOutput {
  /** The instance stream's scores, `[instances, classes]`. */
  readonly instances: Tensor;
  /** The largest of them in each bag, `[bags, classes]`. */
  readonly best: Tensor;
}

function forward(
  { score, query, value, weight, bias }: Layers,
  { features, bags }: HeadInput,
  context: ForwardContext,
): Streams {
  if (!bags) throw new TypeError("Cannot apply dsmil: the features come without bags");
  const grid = bagGrid(bags);
  const instances = score(features, context);
  const scores = transpose(instances); // [classes, instances]
  const cells = where(grid.valid, toGrid(scores, grid), -Infinity); // [classes, bags, longest]
  const attention = likeness(query, { features, cells, grid }, { bags, context });
  const pooled = bagSums(bagSoftmax(attention, grid), value(features, context), bags);
  const [classes, , width] = weight.shape.map(Number);
  const joined = reshape(transpose(pooled, [1, 0, 2]), [pooled.shape[1], classes * width]);
  const filter = reshape(weight, [classes, classes * width]);
  return {
    logits: gemm(joined, filter, { c: bias, transB: true }),
    attention,
    attentionPerClass: true,
    instances,
    best: transpose(reduceMax(cells, { axes: [2] })),
  };
}

/** Products of instances' queries with those of the critical instances, `[classes, instances]`. */
function likeness(
  query: Layer,
  { features, cells, grid }: {
    readonly features: Tensor;
    readonly cells: Tensor;
    readonly grid: BagGrid;
  },
  { bags, context }: { readonly bags: Bags; readonly context: ForwardContext },
): Tensor {
  const [classes, count] = cells.shape;
  const lines = flatSize([classes, count]);
  const rows = reshape(add(argMax(cells), grid.starts), [lines]);
  const critical = query(gather(features, rows), context); // [classes · bags, QUERY_DIM]
  const products = gemm(critical, query(features, context), {
    transB: true,
    alpha: 1 / Math.sqrt(QUERY_DIM),
  });
  const each = reshape(products, [classes, count, features.shape[0]], cells);
  return reduceSum(where(membership(bags.index, bags.lengths), each, 0), { axes: [1] });
}

function lossOf(best: Tensor, labels: Tensor | undefined, { subtask }: HeadContext): Tensor {
  if (!labels) throw new TypeError("Cannot compute the loss of the best instances: no labels");
  if (subtask === "multiclass") return crossEntropy(best, labels);
  return binaryCrossEntropyWithLogits(best, labels);
}

registry.add(dsmil);
