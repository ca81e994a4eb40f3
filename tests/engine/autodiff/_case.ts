/**
 * What an example of an operator is.
 * @module
 */
import { sizeOf } from "../../../engine/ir/dims.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { Random } from "../../../engine/random.ts";
import type { CheckOptions } from "../_gradient_check.ts";
import type { Sample } from "../_run.ts";

/** A function and the point at which its gradient is checked. */
export interface Case extends CheckOptions {
  /** What is special about it. */
  readonly name: string;
  /** The function. */
  readonly of: (...tensors: Tensor[]) => Tensor;
  /** Its arguments. */
  readonly at: readonly Sample[];
}

/** Numbers in random order, 0.2 apart and away from 0, so that no two are near a tie or a kink. */
export function apart(shape: readonly number[], seed = 1): Sample {
  const count = sizeOf(shape);
  const order = new Random(seed).shuffle(Int32Array.from({ length: count }, (_, i) => i));
  return { values: Array.from(order, (i) => (i - count / 2 + 0.75) * 0.2), shape };
}
