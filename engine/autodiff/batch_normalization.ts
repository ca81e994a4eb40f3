/**
 * Gradient of batch normalisation, by hand: two reductions instead of a dozen.
 * @module
 */
import { add, cast, div, mul, sqrt, sub } from "../ir/elementwise.ts";
import { elementCount, reshape } from "../ir/layout.ts";
import { reduceSum } from "../ir/matrix.ts";
import type { Node, Tensor } from "../ir/node.ts";
import { type Gradients, operand } from "./rule.ts";

/**
 * With c = x − mean and r = 1/√(var + eps) per channel, y = c r w + b:
 *
 *     dX = w r · (dY − mean(dY) − c r² · mean(dY c))
 *     dW = r · Σ dY c,  dB = Σ dY
 *
 * Means and sums go over all axes but the channels'. The node's outputs 1 and 2 are the mean and
 * variance that the forward pass has computed.
 */
export function batchNormalizationGradient(
  node: Node<"BatchNormalization">,
  [dy, dMean, dVariance]: Gradients,
  [, mean, variance]: readonly Tensor[],
  wanted: readonly boolean[],
): Gradients {
  if (dMean || dVariance) {
    throw new TypeError("Cannot differentiate BatchNormalization: its statistics are used");
  }
  const [x, weight] = [operand(node, 0), operand(node, 1)];
  const others = x.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
  const perChannel = (values: Tensor) =>
    reshape(values, [1, values.shape[0], ...others.slice(1).map(() => 1)]);
  const rstd = div(1, sqrt(add(variance, node.attributes.epsilon)));
  const centered = sub(x, perChannel(mean));
  const products = mul(dy!, centered);
  const sum = (values: Tensor) => reduceSum(values, { axes: others, keepdims: false });
  const count = div(cast(elementCount(x), x.dtype), Number(weight.shape[0]));
  const average = (values: Tensor) => div(sum(values), count);
  const inputGradient = () => {
    const along = perChannel(mul(average(products), mul(rstd, rstd)));
    const flow = sub(sub(dy!, perChannel(average(dy!))), mul(centered, along));
    return mul(flow, perChannel(mul(weight, rstd)));
  };
  return [
    wanted[0] ? inputGradient() : undefined,
    wanted[1] ? mul(sum(products), rstd) : undefined,
    wanted[2] ? sum(dy!) : undefined,
  ];
}
