/**
 * Losses, as PyTorch defines them: means over the batch.
 * @module
 */
import { add, mul, neg, softplus, sub } from "../ir/elementwise.ts";
import { oneHot } from "../ir/layout.ts";
import { logSoftmax, reduceMean, reduceSum } from "../ir/matrix.ts";
import type { Tensor } from "../ir/node.ts";

/**
 * Cross entropy of class logits (`torch.nn.functional.cross_entropy`).
 * @param logits `[batch, num_classes]`.
 * @param labels Class indices, `int64 [batch]`.
 * @param labelSmoothing Share of the target spread evenly over all classes (Szegedy et al. 2016).
 * @returns Mean over the batch, a scalar.
 */
export function crossEntropy(logits: Tensor, labels: Tensor, labelSmoothing = 0): Tensor {
  const classes = Number(logits.shape[1]);
  const hot = oneHot(labels, classes); // [batch, num_classes]
  const targets = labelSmoothing === 0
    ? hot
    : add(mul(hot, 1 - labelSmoothing), labelSmoothing / classes);
  return crossEntropyOfTargets(logits, targets);
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
