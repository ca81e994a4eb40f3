/**
 * Losses, as PyTorch defines them: means over the batch.
 * @module
 */
import { add, mul, neg, softplus, sub } from "../ir/elementwise.ts";
import { unsqueeze } from "../ir/layout.ts";
import { gatherElements } from "../ir/indexing.ts";
import { logSoftmax, reduceMean, reduceSum } from "../ir/matrix.ts";
import type { Tensor } from "../ir/node.ts";

/**
 * Cross entropy of class logits (`torch.nn.functional.cross_entropy`). With label smoothing ε
 * (Szegedy et al. 2016) the target is 1 − ε on the class, and ε spread evenly over all classes.
 * @param logits `[batch, num_classes]`.
 * @param labels Class indices, `int64 [batch]`.
 * @param labelSmoothing ε.
 * @returns Mean over the batch, a scalar.
 *
 * @example A guess among four classes
 * ```ts
 * import { constant, evaluate } from "@glovita/glovita/engine";
 * import { crossEntropy } from "@glovita/glovita/nn";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const logits = constant([0, 0, 0, 0], [1, 4]);
 * const loss = crossEntropy(logits, constant([2], [1], "int64"));
 * assertAlmostEquals(Number((await evaluate(loss)).data[0]), Math.log(4), 1e-6);
 * ```
 *
 * @category Losses
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
 *
 * @example A target between two classes
 * ```ts
 * import { constant, evaluate } from "@glovita/glovita/engine";
 * import { crossEntropyOfTargets } from "@glovita/glovita/nn";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const [logits, half] = [constant([0, 0], [1, 2]), constant([0.5, 0.5], [1, 2])];
 * const { data } = await evaluate(crossEntropyOfTargets(logits, half));
 * assertAlmostEquals(Number(data[0]), Math.log(2), 1e-6);
 * ```
 *
 * @category Losses
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
 *
 * @example Sure and wrong costs the logit
 * ```ts
 * import { constant, evaluate } from "@glovita/glovita/engine";
 * import { binaryCrossEntropyWithLogits } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const [logits, targets] = [constant([100], [1, 1]), constant([0], [1, 1])];
 * const { data } = await evaluate(binaryCrossEntropyWithLogits(logits, targets));
 * assertEquals([...data], [100]);
 * ```
 *
 * @category Losses
 */
export function binaryCrossEntropyWithLogits(logits: Tensor, targets: Tensor): Tensor {
  return reduceMean(sub(softplus(logits), mul(logits, targets)));
}

/**
 * Mean squared error (`torch.nn.functional.mse_loss`).
 * @param predictions Any shape.
 * @param targets The same shape.
 * @returns Mean over all entries, a scalar.
 *
 * @example Two errors
 * ```ts
 * import { constant, evaluate } from "@glovita/glovita/engine";
 * import { meanSquaredError } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const loss = meanSquaredError(constant([1, 5]), constant([2, 2]));
 * assertEquals([...(await evaluate(loss)).data], [5]); // (1 + 9) / 2
 * ```
 *
 * @category Losses
 */
export function meanSquaredError(predictions: Tensor, targets: Tensor): Tensor {
  const error = sub(predictions, targets);
  return reduceMean(mul(error, error));
}
