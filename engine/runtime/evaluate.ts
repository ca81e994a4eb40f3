/**
 * Computing a tensor on the spot, for trying things out and for tests.
 * @module
 */
import type { Tensor } from "../ir/node.ts";
import { Session, type Value } from "./session.ts";

/**
 * Computes a tensor. Makes a session for this one time; who computes again keeps a
 * {@linkcode Session}.
 * @param tensor What to compute.
 * @param feeds Values of the inputs that it depends on, by name.
 * @returns Its value.
 * @throws {TypeError} if an input is not fed, or with another type or shape than the graph's.
 *
 * @example The logistic function
 * ```ts
 * import { constant, evaluate, sigmoid } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const x = constant([0, 100]);
 * const { shape, data } = await evaluate(sigmoid(x));
 * assertEquals([shape, [...data]], [[2], [0.5, 1]]);
 * ```
 *
 * @category Sessions
 */
export async function evaluate(
  tensor: Tensor,
  feeds: Readonly<Record<string, Value>> = {},
): Promise<Value> {
  const session = await Session.create({ tensor }, { threads: 1 });
  try {
    return (await session.run(feeds)).tensor;
  } finally {
    await session.release();
  }
}
