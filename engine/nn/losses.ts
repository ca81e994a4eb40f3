/**
 * Losses, as PyTorch defines them: means over the batch.
 * @module
 */
import { add, mul, neg, softplus, sub } from "../ir/elementwise.ts";
import { gatherElements, unsqueeze } from "../ir/layout.ts";
import { logSoftmax, reduceMean, reduceSum } from "../ir/matrix.ts";
import type { Tensor } from "../ir/node.ts";

/**
 * Cross entropy of class logits (`torch.nn.functional.cross_entropy`). With label smoothing ε
 * (Szegedy et al. 2016) the target is 1 − ε on the class, and ε spread evenly over all classes.
 * @param logits `[batch, num_classes]`.
 * @param labels Class indices, `int64 [batch]`.
 * @param labelSmoothing ε.
 * @returns Mean over the batch, a scalar.
 */
export function crossEntropy(logits: Tensor, labels: Tensor, labelSmoothing = 0): Tensor {
  const logProbabilities = logSoftmax(logits);
  const hit = gatherElements(logProbabilities, unsqueeze(labels, [1]), 1); // [batch, 1]
  const likelihood = reduceMean(hit);
  if (labelSmoothing === 0) return neg(likelihood);
  const even = reduceMean(logProbabilities);
  return neg(add(mul(likelihood, 1 - labelSmoothing), mul(even, labelSmoothing)));
}

/**
 * Cross entropy against target probabilities.
 * @param logits `[batch, num_classes]`.
 * @param targets Probabilities, `[batch, num_classes]`.
 * @returns Mean over the batch, a scalar.
 */
export function crossEntropyOfTargets(logits: Tensor, targets: Tensor): Tensor {
  const perSample = reduceSum(mul(logSoftmax(logits), targets), { axes: [1] }); // [batch]
  return neg(reduceMean(perSample));
}

/**
 * Binary cross entropy of logits (`binary_cross_entropy_with_logits`), in the form that cannot
 * overflow: softplus(x) − x z.
 * @param logits `[batch, num_classes]`.
 * @param targets 0, 1 or between, `[batch, num_classes]`.
 * @returns Mean over all entries, a scalar.
 */
export function binaryCrossEntropyWithLogits(logits: Tensor, targets: Tensor): Tensor {
  return reduceMean(sub(softplus(logits), mul(logits, targets)));
}

/**
 * Mean squared error (`torch.nn.functional.mse_loss`).
 * @param predictions Any shape.
 * @param targets The same shape.
 * @returns Mean over all entries, a scalar.
 */
export function meanSquaredError(predictions: Tensor, targets: Tensor): Tensor {
  const error = sub(predictions, targets);
  return reduceMean(mul(error, error));
}
