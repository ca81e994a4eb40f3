/**
 * What shape rules ask of operands.
 * @module
 */
import type { Tensor } from "./node.ts";
import type { DType } from "./types.ts";

/** Operands of a node, `undefined` where one is left out. */
export type Operands = readonly (Tensor | undefined)[];

/** An operand that cannot be left out. */
export function required(operands: Operands, index: number, op: string): Tensor {
  const operand = operands[index];
  if (!operand) throw new TypeError(`Cannot apply ${op}: operand ${index} is missing`);
  return operand;
}

/** Refuses an operand of another element type. */
export function expectDtype(tensor: Tensor, dtype: DType, op: string): void {
  if (tensor.dtype !== dtype) {
    throw new TypeError(`Cannot apply ${op}: expected ${dtype}, received ${tensor.dtype}`);
  }
}
