/**
 * The values that parameters start from.
 * @module
 */
import { describe, onBehalfOf } from "../fault.ts";
import { formatShape, sizeOf } from "../ir/dims.ts";
import type { Tensor } from "../ir/node.ts";
import { deriveSeed, Random } from "../random.ts";
import type { Parameter } from "./scope.ts";

type Values = Float32Array<ArrayBuffer>;

/**
 * Draws the initial values of parameters, each from its own stream, where none are given. An
 * initializer that asks for the values of another parameter gets the given ones, if there are some.
 * @param parameters The parameters of a model.
 * @param seed Seed of all initial values.
 * @param given Values that parameters start from instead, by name.
 * @returns One value for each entry of each parameter, by name, in the order of the parameters.
 * @throws {TypeError} if values are given for something else.
 * @throws {PartError} if an initializer fails, or gives something else, and a part declared it.
 */
export function initialValues(
  parameters: readonly Parameter[],
  seed: number,
  given: ReadonlyMap<string, Float32Array> = new Map(),
): Map<string, Values> {
  const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  for (const [name, values] of given) requireFitting(byName.get(name), name, values);
  const found = new Map<string, Values>();
  const open = new Set<string>();
  const start = (parameter: Parameter): Values => {
    const { name } = parameter;
    const known = found.get(name) ?? given.get(name)?.slice();
    if (known !== undefined) {
      found.set(name, known);
      return known;
    }
    if (open.has(name)) {
      throw new TypeError(`Cannot start parameter "${name}": its initial values depend on itself`);
    }
    open.add(name);
    const values = drawn(parameter, seed, (tensor) => start(parameterOf(tensor, byName)));
    open.delete(name);
    found.set(name, values);
    return values;
  };
  return new Map(parameters.map((parameter) => [parameter.name, start(parameter)]));
}

function drawn(
  { name, shape, initializer, tensor }: Parameter,
  seed: number,
  startOf: (parameter: Tensor) => Values,
): Values {
  return onBehalfOf(tensor.node.part, () => {
    const values = initializer(shape, new Random(deriveSeed(seed, "initial", name)), startOf);
    if (values instanceof Float32Array && values.length === sizeOf(shape)) return values;
    const found = values instanceof Float32Array ? `${values.length} numbers` : describe(values);
    throw new TypeError(
      `Cannot start parameter "${name}": its initializer gives ${found}, expected a Float32Array ` +
        `for ${formatShape(shape)}`,
    );
  });
}

function parameterOf({ node }: Tensor, byName: ReadonlyMap<string, Parameter>): Parameter {
  const name = node.op === "Input" ? node.attributes.name : undefined;
  const found = name === undefined ? undefined : byName.get(name);
  if (found !== undefined) return found;
  const what = name === undefined ? `the result of ${node.op}` : `"${name}"`;
  throw new TypeError(`Cannot start from ${what}: it is not a parameter of the model`);
}

function requireFitting(
  parameter: Parameter | undefined,
  name: string,
  values: Float32Array,
): void {
  if (parameter === undefined) throw new TypeError(`Cannot find parameter "${name}"`);
  if (values.length === sizeOf(parameter.shape)) return;
  throw new TypeError(
    `Cannot start parameter "${name}" from ${values.length} numbers: its shape is ` +
      formatShape(parameter.shape),
  );
}
