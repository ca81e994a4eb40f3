/**
 * The auxiliary losses of CLAM: instance evaluation, and consistency under stochastic top-k.
 *
 * Both need the projected features of a few instances only. These are projected a second time, so
 * that the gradient does not have to be scattered back into a matrix of all instances.
 */
import { constant } from "../../engine/ir/create.ts";
import { flatSize } from "../../engine/ir/dims.ts";
import { add, cast, detach, div, mul, neg, softplus, sub } from "../../engine/ir/elementwise.ts";
import { less, where } from "../../engine/ir/logic.ts";
import {
  concat,
  reshape,
  sizeOfAxis,
  squeeze,
  transpose,
  unsqueeze,
} from "../../engine/ir/layout.ts";
import { gather, oneHot, range, topK } from "../../engine/ir/indexing.ts";
import { gemm, matMul, reduceMean, reduceSum, softmax } from "../../engine/ir/matrix.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { atMost, type BagGrid, gridRows } from "../../engine/nn/bags.ts";
import { meanSquaredError } from "../../engine/nn/losses.ts";
import type { RandomRows } from "../../engine/nn/random.ts";
import type { Classifier } from "./_clam_classifier.ts";

/** Projects instances, given by their rows: `int64 […]` to `[…, hidden_dim]`. */
export type ProjectRows = (rows: Tensor) => Tensor;

/** What both losses look at. */
export interface AttentionScores {
  /** The bags. */
  readonly grid: BagGrid;
  /** Attention logits `[branches, bags, longest]`; cells beyond a bag's end hold -Infinity. */
  readonly scores: Tensor;
  /** Projects some instances. */
  readonly project: ProjectRows;
}

/** Options of the instance loss. */
export interface InstanceOptions {
  readonly k_sample: number;
  readonly subtyping: boolean;
  /** Weights of the instance classifiers, each `[2, hidden_dim]`. */
  readonly weights: readonly Tensor[];
  /** Their biases, each `[2]`. */
  readonly biases: readonly Tensor[];
}

/** The instance classifiers' preference for "in class": logit 1 minus logit 0. */
interface Margin {
  /** `[num_classes, hidden_dim]`. */
  readonly weight: Tensor;
  /** `[num_classes]`. */
  readonly bias: Tensor;
}

/**
 * Cross entropy of the most and the least attended instances of each bag against "in class" and
 * "not in class" for its label, and with `subtyping` of the most attended ones against "not in
 * class" for every other class. With two classes and m the difference of their logits, the cross
 * entropy is softplus(-m) for target 1 and softplus(m) for target 0.
 *
 * With several labels per bag, CLAM's loop over the classes is taken as it stands: a class that the
 * bag has adds its "in class" loss, on its own branch and classifier; with `subtyping` a class that
 * it lacks adds its "not in class" loss, and the sum is divided by the number of classes. A bag
 * without any class costs nothing unless `subtyping` is on.
 * @param attended Scores and projection.
 * @param labels Classes, `int64 [bags]`, or 0 and 1 for each class, `float32 [bags, num_classes]`.
 * @param options Number of instances, and the classifiers.
 * @returns Mean over the bags, a scalar.
 */
export function instanceLoss(
  attended: AttentionScores,
  labels: Tensor,
  options: InstanceOptions,
): Tensor {
  const classes = options.weights.length;
  const margin = marginOf(options);
  const kept = keptInstances(attended.grid, options.k_sample);
  if (labels.shape.length === 2) {
    const present = mul(presentClassLosses(attended, margin, kept), labels);
    if (!options.subtyping) return reduceMean(reduceSum(present, { axes: [1] }));
    const absent = mul(otherClassLosses(attended, margin, kept), sub(1, labels));
    return div(reduceMean(reduceSum(add(present, absent), { axes: [1] })), classes);
  }
  const hot = oneHot(labels, classes); // [bags, num_classes]
  const inClass = inClassLoss(attended, labels, { hot, margin, kept });
  if (!options.subtyping) return reduceMean(inClass);
  const others = mul(otherClassLosses(attended, margin, kept), sub(1, hot));
  return div(reduceMean(add(inClass, reduceSum(others, { axes: [1] }))), classes);
}

function marginOf({ weights, biases }: InstanceOptions): Margin {
  const sign = constant([-1, 1], [1, 2]);
  const weight = concat(weights.map((each) => gemm(sign, each)), 0);
  const bias = concat(biases.map((each) => gemm(sign, unsqueeze(each, [1]))), 0);
  return { weight, bias: squeeze(bias, [1]) };
}

/** How many instances of each bag are looked at. */
interface SelectedInstances {
  /** For all bags: min(k, longest bag), an `int64` scalar, and its symbol. */
  readonly k: { readonly count: Tensor; readonly symbol: string };
  /** For each bag: min(k, its length), `[bags, 1]`. */
  readonly perBag: Tensor;
  /** 1 where an index below `k` is within the bag's number, `[bags, k]`. */
  readonly within: Tensor;
}

function keptInstances({ longest, lengths }: BagGrid, limit: number): SelectedInstances {
  const k = { count: atMost(limit, longest), symbol: "kept" };
  const perBag = unsqueeze(atMost(limit, lengths), [1]);
  const within = less(unsqueeze(range(k.count, k.symbol), [0]), perBag);
  return { k, perBag: cast(perBag, "float32"), within: cast(within, "float32") };
}

function inClassLoss(
  { grid, scores, project }: AttentionScores,
  labels: Tensor,
  { hot, margin, kept }: {
    readonly hot: Tensor;
    readonly margin: Margin;
    readonly kept: SelectedInstances;
  },
): Tensor {
  const branch = scoresOfLabel(scores, labels); // [bags, longest]
  const lowest = where(grid.valid, branch, Infinity);
  const top = topK(branch, kept.k).indices;
  const bottom = topK(lowest, kept.k, { largest: false }).indices;
  const both = concat([top, bottom], 1, "kept_twice");
  const projected = project(gridRows(grid, both)); // [bags, kept_twice, hidden_dim]
  const margins = marginsOfClass(projected, hot, margin); // [bags, kept_twice]
  const signs = concat([neg(kept.within), kept.within], 1, "kept_twice");
  const weights = concat([kept.within, kept.within], 1, "kept_twice");
  const losses = mul(softplus(mul(margins, signs)), weights);
  const counts = squeeze(mul(kept.perBag, 2), [1]);
  return div(reduceSum(losses, { axes: [1] }), counts); // [bags]
}

/** Of each bag, the scores of the branch that belongs to its label. */
function scoresOfLabel(scores: Tensor, labels: Tensor): Tensor {
  const [branches, bags, longest] = scores.shape;
  if (branches === 1) return squeeze(scores, [0]);
  const lines = reshape(scores, [flatSize([branches, bags]), longest]);
  const count = sizeOfAxis(scores, 1);
  return gather(lines, add(mul(labels, count), range(count, bags)));
}

/** Margins of the class that `hot` marks, `[bags, count]`. */
function marginsOfClass(projected: Tensor, hot: Tensor, { weight, bias }: Margin): Tensor {
  const chosen = unsqueeze(gemm(hot, weight), [2]); // [bags, hidden_dim, 1]
  const offset = gemm(hot, unsqueeze(bias, [1])); // [bags, 1]
  return add(squeeze(matMul(projected, chosen), [2]), offset);
}

/** Loss of the most attended instances as "not in class", for every class: `[bags, num_classes]`. */
function otherClassLosses(
  attended: AttentionScores,
  margin: Margin,
  kept: SelectedInstances,
): Tensor {
  const top = topK(attended.scores, kept.k).indices; // [branches, bags, kept]
  const losses = softplus(marginsOfAll(attended, top, margin));
  const sums = reduceSum(mul(losses, kept.within), { axes: [2] }); // [num_classes, bags]
  return div(transpose(sums), kept.perBag);
}

/** Loss of the most and the least attended instances for every class: `[bags, num_classes]`. */
function presentClassLosses(
  attended: AttentionScores,
  margin: Margin,
  kept: SelectedInstances,
): Tensor {
  const { grid, scores } = attended;
  const top = topK(scores, kept.k).indices;
  const lowest = where(grid.valid, scores, Infinity);
  const bottom = topK(lowest, kept.k, { largest: false }).indices;
  const both = concat([top, bottom], 2, "kept_twice"); // [branches, bags, kept_twice]
  const margins = marginsOfAll(attended, both, margin); // [num_classes, bags, kept_twice]
  const signs = concat([neg(kept.within), kept.within], 1, "kept_twice");
  const weights = concat([kept.within, kept.within], 1, "kept_twice");
  const losses = mul(softplus(mul(margins, signs)), weights);
  return div(transpose(reduceSum(losses, { axes: [2] })), mul(kept.perBag, 2));
}

/**
 * Margins of each class on instances of its branch.
 * @param attended Bags and projection.
 * @param positions Places within the bags, `int64 [branches, bags, count]`.
 * @param margin The classifiers.
 * @returns `[num_classes, bags, count]`.
 */
function marginsOfAll(
  { grid, project }: AttentionScores,
  positions: Tensor,
  { weight, bias }: Margin,
): Tensor {
  const rows = gridRows(grid, positions);
  const [branches, bags, count] = rows.shape;
  const [classes, width] = weight.shape;
  const flat = flatSize([bags, count]);
  const projected = reshape(project(rows), [branches, flat, width], rows);
  const margins = matMul(projected, unsqueeze(weight, [2])); // [num_classes, flat, 1]
  return add(reshape(margins, [classes, bags, count], rows), reshape(bias, [classes, 1, 1]));
}

/** Options of the consistency loss. */
export interface TopKOptions {
  readonly topk_k: number;
  readonly topk_tau: number;
  readonly topk_noise_std: number;
}

/**
 * Squared distance between the logits and those from the `topk_k` most attended instances only,
 * with noise on their projected features. The attention is sharpened by the temperature and
 * renormalised over the kept instances.
 * @param attended Scores and projection.
 * @param logits Logits of the dense path, `[bags, num_classes]`; they are the target.
 * @param options Number of instances, temperature, noise.
 * @param parts The classifier and the source of noise.
 * @returns Mean over the entries, a scalar.
 */
export function consistencyLoss(
  { grid, scores, project }: AttentionScores,
  logits: Tensor,
  { topk_k, topk_tau, topk_noise_std }: TopKOptions,
  { classifier, noise }: { readonly classifier: Classifier; readonly noise: RandomRows },
): Tensor {
  const k = { count: atMost(topk_k, grid.shortest), symbol: "sparse" };
  const { values, indices } = topK(softmax(div(scores, topk_tau)), k); // [branches, bags, sparse]
  const total = add(reduceSum(values, { axes: [-1], keepdims: true }), 1e-8);
  const rows = gridRows(grid, indices);
  const projected = project(rows); // [branches, bags, sparse, hidden_dim]
  const perturbed = topk_noise_std === 0
    ? projected
    : add(projected, mul(noiseLike(projected, rows, noise), topk_noise_std));
  const weighted = mul(perturbed, unsqueeze(div(values, total), [3]));
  const bagFeatures = reduceSum(weighted, { axes: [2] }); // [branches, bags, hidden_dim]
  return meanSquaredError(classifier(bagFeatures), detach(logits));
}

/** Noise that belongs to the instance, the same for all branches that keep it. */
function noiseLike(projected: Tensor, rows: Tensor, noise: RandomRows): Tensor {
  const count = flatSize(rows.shape);
  const flat = reshape(projected, [count, projected.shape.at(-1)!]);
  return reshape(noise.normal(flat, reshape(rows, [count])), projected.shape, projected);
}
