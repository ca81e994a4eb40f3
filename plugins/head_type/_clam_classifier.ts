/**
 * The bag classifiers of CLAM: one over the bag feature, or one per branch; cosine or linear.
 */
import { add, max, mul, reciprocal, sqrt } from "../../engine/ir/elementwise.ts";
import { concat, squeeze, transpose, unsqueeze } from "../../engine/ir/layout.ts";
import { gemm, reduceSum } from "../../engine/ir/matrix.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { normal, torchDefault } from "../../engine/nn/initializers.ts";
import type { Scope } from "../../engine/nn/scope.ts";

/** Sizes of the classifiers. */
export interface ClassifierSizes {
  readonly hidden_dim: number;
  readonly num_classes: number;
}

/** Options of the classifiers, each of which is read where it has an effect. */
export interface ClassifierOptions {
  readonly variant: "sb" | "mb";
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
 * @param options Switches.
 * @param sizes Sizes.
 */
export function clamClassifier(
  scope: Scope,
  options: ClassifierOptions,
  { num_classes, hidden_dim }: ClassifierSizes,
): Classifier {
  const declared = (name: string, outputs: number) =>
    declare(scope.child(name), [outputs, hidden_dim], options);
  if (options.variant === "sb") return singleBranch(declared("classifiers", num_classes), options);
  const each = Array.from(
    { length: num_classes },
    (_, index) => declared(`classifiers.${index}`, 1),
  );
  const biases = each.flatMap(({ bias }) => bias ?? []);
  return multiBranch({
    weight: concat(each.map(({ weight }) => weight), 0),
    bias: biases.length > 0 ? concat(biases, 0) : undefined,
  }, options);
}

function declare(
  scope: Scope,
  shape: readonly [outputs: number, hidden_dim: number],
  { cosine_head }: ClassifierOptions,
): Weights {
  const [outputs, hidden_dim] = shape;
  if (cosine_head) return { weight: scope.parameter("weight", shape, normal(1)) };
  return {
    weight: scope.parameter("weight", shape, torchDefault(hidden_dim)),
    bias: scope.parameter("bias", [outputs], torchDefault(hidden_dim)),
  };
}

function singleBranch(
  { weight, bias }: Weights,
  options: ClassifierOptions,
): Classifier {
  return (bagFeatures) => {
    const features = squeeze(bagFeatures, [0]); // [bags, hidden_dim]
    if (!options.cosine_head) return gemm(features, weight, { c: bias, transB: true });
    const alpha = options.cosine_scale;
    return gemm(normalize(features), normalize(weight), { alpha, transB: true });
  };
}

/** Class by class, the branch's bag feature times the class's weight. */
function multiBranch(
  { weight, bias }: Weights,
  options: ClassifierOptions,
): Classifier {
  const product = (features: Tensor, weights: Tensor) =>
    transpose(reduceSum(mul(features, unsqueeze(weights, [1])), { axes: [-1] }));
  return (bagFeatures) => {
    if (options.cosine_head) {
      return mul(product(normalize(bagFeatures), normalize(weight)), options.cosine_scale);
    }
    return add(product(bagFeatures, weight), bias!); // [bags, num_classes]
  };
}
