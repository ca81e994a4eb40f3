/** Runs models with the weights and pixels of `golden/timm_*.json`, which follow a rule. */
import { input, scalar } from "../engine/ir/create.ts";
import { sizeOf } from "../engine/ir/dims.ts";
import type { Tensor } from "../engine/ir/node.ts";
import { RandomStream } from "../engine/nn/random.ts";
import {
  type ForwardContext,
  linear,
  type Parameter,
  Parameters,
  type Scope,
} from "../engine/nn/scope.ts";
import { Session, type Value } from "../engine/runtime/session.ts";
import { checkGradients, type CheckOptions } from "./engine/_gradient_check.ts";

/** Part of every hashed name. */
const SEED = 7;

/** Numbers between -1 and 1: a hash of the name and the index. */
export function ruleNumbers(name: string, count: number): Float64Array {
  let hash = 2166136261; // FNV-1a
  for (const byte of new TextEncoder().encode(`${name}#${SEED}`)) {
    hash = Math.imul(hash ^ byte, 16777619) >>> 0;
  }
  const numbers = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    let x = (Math.imul(index, 2654435761) + hash) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 2246822519);
    x ^= x >>> 13;
    numbers[index] = 2 * ((x >>> 0) / 2 ** 32) - 1;
  }
  return numbers;
}

/** Value that the rule gives to a number of a parameter. */
function scaling(name: string, shape: readonly number[]): (s: number) => number {
  switch (name.split(".").at(-1)) {
    case "running_var":
      return (s) => 1 + 0.25 * (s + 1);
    case "running_mean":
      return (s) => 0.1 * s;
    case "gamma":
      return (s) => 0.1 + 0.05 * s;
    case "pos_embed":
    case "cls_token":
    case "reg_token":
    case "bias":
      return (s) => 0.02 * s;
  }
  if (shape.length === 1) return (s) => 1 + 0.1 * s;
  const scale = Math.sqrt(3 / sizeOf(shape.slice(1)));
  return (s) => s * scale;
}

/** A parameter's values. */
export function ruleWeights(name: string, shape: readonly number[]): Float32Array<ArrayBuffer> {
  const numbers = ruleNumbers(name, sizeOf(shape));
  const scaled = scaling(name, shape);
  for (let index = 0; index < numbers.length; index++) numbers[index] = scaled(numbers[index]);
  return new Float32Array(numbers);
}

/** A batch of two images. */
export function ruleImages(sampleShape: readonly number[]): Value {
  const shape = [2, ...sampleShape];
  const data = Float32Array.from(ruleNumbers("input", sizeOf(shape)), (s) => 2 * s);
  return { dtype: "float32", shape, data };
}

/** Evaluation: nothing is dropped. */
export const EVALUATION: ForwardContext = {
  training: false,
  random: new RandomStream(scalar(0, "uint32")),
};

/** Computes what a model makes of {@linkcode ruleImages}, with {@linkcode ruleWeights}. */
export async function runOnRule<Name extends string>(
  parameters: readonly Parameter[],
  outputs: (images: Tensor) => Readonly<Record<Name, Tensor>>,
  sampleShape: readonly number[],
): Promise<Record<Name, Value>> {
  const images = input("input", "float32", ["batch", ...sampleShape]);
  const session = await Session.create(outputs(images));
  const feeds: Record<string, Value> = { input: ruleImages(sampleShape) };
  for (const { name, shape } of parameters) {
    feeds[name] = { dtype: "float32", shape, data: ruleWeights(name, shape) };
  }
  const results = await session.run(feeds);
  await session.release();
  return results;
}

/** Names and shapes of parameters. */
export function shapesOf(parameters: readonly Parameter[]): Record<string, readonly number[]> {
  return Object.fromEntries(parameters.map(({ name, shape }) => [name, shape]));
}

/** A scope whose parameters are there already. */
function givenScope(tensors: ReadonlyMap<string, Tensor>, path = ""): Scope {
  const full = (name: string) => path === "" ? name : `${path}.${name}`;
  const parameter = (name: string) => tensors.get(full(name))!;
  return {
    path,
    trainable: true,
    child: (name) => givenScope(tensors, full(name)),
    parameter,
    linear(name, _inputs, _outputs, { bias = true } = {}) {
      const weight = parameter(`${name}.weight`);
      return (x) => linear(x, weight, bias ? parameter(`${name}.bias`) : undefined);
    },
  };
}

/**
 * Checks the gradients of everything that a layer declares, and of what comes in.
 * @param declare Declares the layer; `input` has the given shape.
 * @param shape Shape of what comes in.
 * @param options Step and tolerance.
 * @returns Names of the parameters that were checked.
 */
export async function checkLayerGradients(
  declare: (scope: Scope) => (input: Tensor) => Tensor,
  shape: readonly number[],
  options: CheckOptions = {},
): Promise<string[]> {
  const parameters = new Parameters();
  declare(parameters.scope());
  const names = parameters.list().map(({ name }) => name);
  const samples = parameters.list().map(({ name, shape }) => ({
    values: [...ruleWeights(name, shape)],
    shape,
  }));
  const incoming = { values: [...ruleNumbers("input", sizeOf(shape))].map(Math.fround), shape };
  await checkGradients(
    (input, ...tensors) => {
      const given = new Map(names.map((name, index) => [name, tensors[index]]));
      return declare(givenScope(given))(input);
    },
    [incoming, ...samples],
    options,
  );
  return names;
}
