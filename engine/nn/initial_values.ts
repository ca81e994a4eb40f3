/**
 * The values that a parameter starts from.
 * @module
 */
import { describe, onBehalfOf } from "../fault.ts";
import { formatShape, sizeOf } from "../ir/dims.ts";
import { deriveSeed, Random } from "../random.ts";
import type { Parameter } from "./scope.ts";

/**
 * Draws the initial values of a parameter, each from its own stream.
 * @param parameter The parameter.
 * @param seed Seed of all initial values.
 * @returns One value for each of its entries.
 * @throws {PartError} if the initializer fails, or gives something else, and a part declared it.
 */
export function initialValues(parameter: Parameter, seed: number): Float32Array<ArrayBuffer> {
  const { name, shape, initializer, tensor } = parameter;
  return onBehalfOf(tensor.node.part, () => {
    const values = initializer(shape, new Random(deriveSeed(seed, "initial", name)));
    if (values instanceof Float32Array && values.length === sizeOf(shape)) return values;
    const found = values instanceof Float32Array ? `${values.length} numbers` : describe(values);
    throw new TypeError(
      `Cannot start parameter "${name}": its initializer gives ${found}, expected a Float32Array ` +
        `for ${formatShape(shape)}`,
    );
  });
}
