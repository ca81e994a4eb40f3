/**
 * The bag classifiers of CLAM: one over the bag feature, or one per branch; cosine or linear.
 */
import { add, max, mul, reciprocal, sqrt } from "../../engine/ir/elementwise.ts";
import { concat, squeeze, transpose, unsqueeze } from "../../engine/ir/layout.ts";
import { gemm, reduceSum } from "../../engine/ir/matrix.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { normal, torchDefault } from "../../engine/nn/initializers.ts";
import type { Scope } from "../../engine/nn/scope.ts";

/** Options of the classifiers. */
export interface ClassifierOptions {
  readonly variant: "sb" | "mb";
  readonly hidden_dim: number;
  readonly num_classes: number;
  readonly cosine_head: boolean;
  readonly cosine_scale: number;
}

/** From bag features `[branches, bags, hidden_dim]` to logits `[bags, num_classes]`. */
export type Classifier = (bagFeatures: Tensor) => Tensor;

/** Weight `[outputs, hidden_dim]` and bias `[outputs]` of a linear classifier. */
interface Weights {
  readonly weight: Tensor;
  readonly bias?: Tensor;
}

/** `x / max(|x|, 1e-12)` over the last axis (`torch.nn.functional.normalize`). */
function normalize(x: Tensor): Tensor {
  const square = reduceSum(mul(x, x), { axes: [-1], keepdims: true });
  return mul(x, reciprocal(sqrt(max(square, 1e-24))));
}

/**
 * Declares the classifiers' parameters.
 * @param scope The head's scope.
 * @param options Sizes and switches.
 */
export function clamClassifier(scope: Scope, options: ClassifierOptions): Classifier {
  const { variant, num_classes } = options;
  if (variant === "sb") {
    return singleBranch(declare(scope.child("classifiers"), num_classes, options), options);
  }
  const each = Array.from(
    { length: num_classes },
    (_, index) => declare(scope.child(`classifiers.${index}`), 1, options),
  );
  const biases = each.flatMap(({ bias }) => bias ?? []);
  return multiBranch({
    weight: concat(each.map(({ weight }) => weight), 0),
    bias: biases.length > 0 ? concat(biases, 0) : undefined,
  }, options);
}

function declare(
  scope: Scope,
  outputs: number,
  { hidden_dim, cosine_head }: ClassifierOptions,
): Weights {
  const shape = [outputs, hidden_dim];
  if (cosine_head) return { weight: scope.parameter("weight", shape, normal(1)) };
  return {
    weight: scope.parameter("weight", shape, torchDefault(hidden_dim)),
    bias: scope.parameter("bias", [outputs], torchDefault(hidden_dim)),
  };
}

function singleBranch(
  { weight, bias }: Weights,
  { cosine_head, cosine_scale }: ClassifierOptions,
): Classifier {
  return (bagFeatures) => {
    const features = squeeze(bagFeatures, [0]); // [bags, hidden_dim]
    if (!cosine_head) return gemm(features, weight, { c: bias, transB: true });
    return gemm(normalize(features), normalize(weight), { alpha: cosine_scale, transB: true });
  };
}

/** Class by class, the branch's bag feature times the class's weight. */
function multiBranch(
  { weight, bias }: Weights,
  { cosine_head, cosine_scale }: ClassifierOptions,
): Classifier {
  const product = (features: Tensor, weights: Tensor) =>
    transpose(reduceSum(mul(features, unsqueeze(weights, [1])), { axes: [-1] }));
  return (bagFeatures) => {
    if (cosine_head) {
      return mul(product(normalize(bagFeatures), normalize(weight)), cosine_scale);
    }
    return add(product(bagFeatures, weight), bias!); // [bags, num_classes]
  };
}
