/** What methods share that add a matrix to the weights of linear layers. */
import { constant } from "../../engine/ir/create.ts";
import { add, cast, div, max, mul } from "../../engine/ir/elementwise.ts";
import { greater } from "../../engine/ir/logic.ts";
import { reduceMean } from "../../engine/ir/matrix.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { type ForwardContext, type Layer, linear } from "../../engine/nn/scope.ts";
import type { WrappedLinear } from "../../engine/nn/wrap_scope.ts";

/**
 * What is dropped of an added matrix in training.
 * @category Parts of PEFT methods
 */
export interface DeltaDropout {
  /** Probability that the whole matrix is left out. */
  readonly module: number;
  /** Probability that a row of it is left out. */
  readonly rank: number;
  /** Whether the rows that stay make up for those that are left out. */
  readonly rescale: boolean;
}

/**
 * A linear layer `x (W + ΔW)ᵀ + b`.
 * @param layer The layer.
 * @param delta `ΔW`, `[outputs, inputs]`.
 * @param dropout What is dropped of it in training.
 *
 * @example A matrix that trains
 * ```ts
 * import { Parameters, wrapScope, zeros } from "@glovita/glovita/nn";
 * import { addToWeight } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const parameters = new Parameters();
 * const scope = wrapScope(parameters.scope(), {
 *   linear(layer) {
 *     const delta = layer.scope.parameter("delta", [layer.outputs, layer.inputs], zeros);
 *     return addToWeight(layer, delta, { module: 0, rank: 0, rescale: false });
 *   },
 * });
 * scope.linear("fc", 2, 3);
 * assertEquals(parameters.list().at(-1)?.name, "fc.delta");
 * ```
 *
 * @category Parts of PEFT methods
 */
export function addToWeight(
  { weight, bias, outputs }: WrappedLinear,
  delta: Tensor,
  dropout: DeltaDropout,
): Layer {
  return (x, context) => {
    const kept = context.training ? dropped(delta, { ...dropout, outputs }, context) : delta;
    return linear(x, add(weight, kept), bias);
  };
}

function dropped(
  delta: Tensor,
  { module, rank, rescale, outputs }: DeltaDropout & { readonly outputs: number },
  { random }: ForwardContext,
): Tensor {
  let kept = delta;
  if (rank > 0) {
    const rows = constant(new Float32Array(outputs), [outputs, 1]);
    const stays = cast(greater(random.uniform(rows), rank), "float32");
    const scale = rescale ? div(stays, max(reduceMean(stays), 1e-12)) : stays;
    kept = mul(kept, scale);
  }
  if (module === 0) return kept;
  const one = constant(new Float32Array(1), [1, 1]);
  return mul(kept, cast(greater(random.uniform(one), module), "float32"));
}
