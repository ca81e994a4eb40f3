/**
 * CLAM: attention over a bag's instances, with instance-level clustering.
 * Importing this module adds `clam` to the `head_type` slot.
 * @module
 */
import { scalar } from "../../engine/ir/create.ts";
import { flatSize } from "../../engine/ir/dims.ts";
import { mul } from "../../engine/ir/elementwise.ts";
import { concat, reshape, sizeOfAxis, transpose } from "../../engine/ir/layout.ts";
import { gather, range, slice, sliceBetween } from "../../engine/ir/indexing.ts";
import { gemm, softmax } from "../../engine/ir/matrix.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { bagGrid, fromGrid } from "../../engine/nn/bags.ts";
import { torchDefault } from "../../engine/nn/initializers.ts";
import { blockCount, rowBlocks } from "../../engine/nn/row_blocks.ts";
import type { RandomStream } from "../../engine/nn/random.ts";
import { type ForwardContext, frozen, type Scope } from "../../engine/nn/scope.ts";
import type { HeadContext, HeadInput, ModelOutput, Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { dropScores, gridScores, pool, type ProjectedBlock } from "./_clam_attention.ts";
import { clamClassifier, type Classifier } from "./_clam_classifier.ts";
import { type ClamConfig, clamConfig } from "./_clam_config.ts";
import { type AttentionScores, consistencyLoss, instanceLoss } from "./_clam_losses.ts";
import { clamNames } from "./_clam_names.ts";
import { clamNetwork, type Network, type NetworkBuilder } from "./_clam_network.ts";

export type { ClamConfig } from "./_clam_config.ts";

/** Width of the projection and of the attention nets. */
const SIZES: Readonly<Record<ClamConfig["size_arg"], readonly [number, number]>> = {
  tiny: [256, 128],
  small: [512, 256],
  big: [512, 384],
};

/** Weights and biases of the instance classifiers, class by class. */
interface InstanceClassifiers {
  readonly weights: readonly Tensor[];
  readonly biases: readonly Tensor[];
}

/** The parameters of a head. */
interface Parts {
  readonly config: ClamConfig;
  readonly network: NetworkBuilder;
  readonly instances: InstanceClassifiers;
  readonly classifier: Classifier;
}

/**
 * Lu et al. 2021, "Data-efficient and weakly supervised computational pathology on whole-slide
 * images", with the normalisations, the cosine classifiers and the top-k path that GloViTa adds.
 *
 * A bag may have several labels. The instance loss then has a term for each class that the bag has
 * and, with `subtyping`, for each that it lacks, as CLAM's loop over the classes has.
 *
 * @example A branch of attention for each class
 * ```ts
 * import { buildModel, clam, configure, precomputed, precomputedFeatures, predictionGraph } from
 *   "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const files = { train_features_file: "train.h5", val_features_file: "val.h5" };
 * const model = await buildModel([
 *   configure(precomputedFeatures, { num_classes: 2, ...files }),
 *   configure(precomputed, { feature_dim: 1024 }),
 *   configure(clam, { variant: "mb" }),
 * ], { sampleShape: [1024], bags: true });
 *
 * const { logits, attention } = predictionGraph(model);
 * assertEquals([logits.shape, attention?.shape], [["batch", 2], [2, "instances"]]);
 * ```
 *
 * @category Heads
 */
export const clam: Plugin<"head_type", ClamConfig> = {
  slot: "head_type",
  key: "clam",
  description: "attention over the instances of a bag, with instance-level clustering",
  config: clamConfig,
  create(config, context) {
    if (context.task !== "Classification") {
      throw new RangeError(`expected a head for ${context.task}, this one predicts classes`);
    }
    const parts = declare(config, context);
    return {
      input: "bag",
      otherNames: (name) => clamNames(name, config),
      forward: (input, mode) => forward(parts, input, mode),
    };
  },
};

function declare(
  config: ClamConfig,
  { scope, embedDim, numClasses }: HeadContext,
): Parts {
  const [hidden_dim, attention_dim] = SIZES[config.size_arg];
  const branches = config.variant === "sb" ? 1 : numClasses;
  const sizes = { embed_dim: embedDim, hidden_dim, attention_dim, branches };
  const network = clamNetwork(scope, config, sizes);
  // Without a loss on them they do not train; the state dict has them all the same.
  const place = scope.child("instance_classifiers");
  const trains = config.instance_eval && config.instance_loss_weight > 0;
  const instances = instanceClassifiers(trains ? place : frozen(place), numClasses, hidden_dim);
  const classifier = clamClassifier(scope, config, { hidden_dim, num_classes: numClasses });
  return { config, network, instances, classifier };
}

function instanceClassifiers(scope: Scope, classes: number, width: number): InstanceClassifiers {
  const [weights, biases]: [Tensor[], Tensor[]] = [[], []];
  for (let index = 0; index < classes; index++) {
    const place = scope.child(`${index}`);
    weights.push(place.parameter("weight", [2, width], torchDefault(width)));
    biases.push(place.parameter("bias", [2], torchDefault(width)));
  }
  return { weights, biases };
}

function forward(
  parts: Parts,
  { features, bags, labels }: HeadInput,
  mode: ForwardContext,
): ModelOutput {
  if (!bags) throw new TypeError("Cannot apply clam: the features come without bags");
  const { config, classifier } = parts;
  const { training, random } = mode;
  const network = parts.network(mode);
  const grid = bagGrid(bags);
  const { blocks, attention } = attend(network, features, blockCount(mode.expectedRows ?? 0));
  const whole = gridScores(attention, grid); // [branches, bags, longest]
  const scores = training && config.attn_drop > 0
    ? dropScores(whole, config.attn_drop, { grid, attention, random })
    : whole;
  const weights = fromGrid(softmax(scores), grid); // [branches, instances]
  const logits = classifier(pool(weights, blocks, bags));
  if (!training) {
    return {
      ...{ logits, attention, attentionPerClass: config.variant === "mb" },
      ...instanceScores(parts, network, features),
    };
  }
  const attended = { grid, scores, project: projectRows(network, features) };
  return { logits, attention, losses: losses(parts, attended, { logits, labels, random }) };
}

/** What the instance classifiers say, where they have been trained. */
function instanceScores(
  { config, instances: { weights, biases } }: Parts,
  network: Network,
  features: Tensor,
): Pick<ModelOutput, "instanceScores"> {
  if (!config.instance_eval || config.instance_loss_weight === 0) return {};
  const rows = features.shape[0];
  const projected = network.project({ features, row: range(sizeOfAxis(features, 0), rows) });
  const each = weights.map((weight, index) => {
    const two = softmax(gemm(projected, weight, { c: biases[index], transB: true }));
    return slice(two, 1, 1, 2); // that it is one of the class
  });
  return { instanceScores: concat(each, 1) };
}

/** Applies the layers to all instances, block by block. */
function attend(
  network: Network,
  features: Tensor,
  count: number,
): { blocks: readonly ProjectedBlock[]; attention: Tensor } {
  const instances = features.shape[0];
  const row = range(sizeOfAxis(features, 0), instances);
  const blocks = rowBlocks(features, count).map((block) => ({
    ...block,
    projected: network.project({ features: block.cut(features), row: block.cut(row) }),
  }));
  const scores = blocks.map(({ projected, cut }) => network.attend(projected, cut(row)));
  if (count === 1) return { blocks, attention: transpose(scores[0]) };
  // The last blocks may repeat the last row.
  const all = concat(scores, 0, "covered");
  const bounds: [Tensor, Tensor] = [scalar(0, "int64"), sizeOfAxis(features, 0)];
  return { blocks, attention: transpose(sliceBetween(all, 0, bounds, instances)) };
}

/** Projects single instances as the dense path does. */
function projectRows(network: Network, features: Tensor): (rows: Tensor) => Tensor {
  return (rows) => {
    const row = reshape(rows, [flatSize(rows.shape)]);
    const projected = network.project({ features: gather(features, row), row });
    return reshape(projected, [...rows.shape, projected.shape[1]], rows);
  };
}

/** The auxiliary losses that the options ask for, weighted. */
function losses(
  { config, classifier, instances }: Parts,
  attended: AttentionScores,
  { logits, labels, random }: {
    readonly logits: Tensor;
    readonly labels?: Tensor;
    readonly random: RandomStream;
  },
): Record<string, Tensor> {
  const found: Record<string, Tensor> = {};
  if (config.stochastic_topk && config.topk_consistency_weight > 0) {
    const path = { classifier, noise: random.rows() };
    const loss = consistencyLoss(attended, logits, config, path);
    found.topk = mul(loss, config.topk_consistency_weight);
  }
  if (config.instance_eval && config.instance_loss_weight > 0) {
    if (!labels) throw new TypeError("Cannot compute the instance loss: labels are missing");
    const { k_sample, subtyping } = config;
    const loss = instanceLoss(attended, labels, { k_sample, subtyping, ...instances });
    found.instance = mul(loss, config.instance_loss_weight);
  }
  return found;
}

registry.add(clam);
