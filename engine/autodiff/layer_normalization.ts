/**
 * Gradient of layer normalisation, by hand: three reductions instead of a dozen.
 * @module
 */
import * as e from "../ir/elementwise.ts";
import * as m from "../ir/matrix.ts";
import type { Node, Tensor } from "../ir/node.ts";
import type { Gradients } from "./rule.ts";
import { sumLeading } from "./sum_leading.ts";

/**
 * With x̂ = (x − mean) · rstd over the last axis, y = x̂ w + b and g = dY w:
 *
 *     dX = rstd · (g − mean(g) − x̂ · mean(g · x̂))
 *     dW = Σ dY · x̂,  dB = Σ dY  over all rows
 *
 * The node's outputs 1 and 2 are the mean and rstd that the forward pass has computed.
 */
export function layerNormalizationGradient(
  node: Node<"LayerNormalization">,
  [dy, dMean, dRstd]: Gradients,
  [, mean, rstd]: readonly Tensor[],
  wanted: readonly boolean[],
): Gradients {
  if (dMean || dRstd) {
    throw new TypeError("Cannot differentiate LayerNormalization: its statistics are used");
  }
  const [x, weight] = [node.inputs[0]!, node.inputs[1]!];
  const normalized = e.mul(e.sub(x, mean), rstd); // [rows, width]
  return [
    wanted[0] ? inputGradient(e.mul(dy!, weight), normalized, rstd) : undefined,
    wanted[1] ? sumRows(e.mul(dy!, normalized)) : undefined,
    wanted[2] ? sumRows(dy!) : undefined,
  ];
}

function inputGradient(g: Tensor, normalized: Tensor, rstd: Tensor): Tensor {
  const lastAxis = { axes: [-1], keepdims: true };
  const centered = e.sub(g, m.reduceMean(g, lastAxis));
  const projection = m.reduceMean(e.mul(g, normalized), lastAxis);
  return e.mul(rstd, e.sub(centered, e.mul(normalized, projection)));
}

/** Sums all axes but the last. */
function sumRows(x: Tensor): Tensor {
  const leading = x.shape.length - 1;
  return leading === 0 ? x : sumLeading(x, leading);
}
