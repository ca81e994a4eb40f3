/**
 * Starting from given weights: a state dict from here or from Python, under any of the names that
 * GloViTa, CLAM and timm give the same parameter.
 * @module
 */
import { DataError } from "../errors.ts";
import type { Parameter } from "../nn/scope.ts";
import type { FloatTensor } from "../storage/tensor_types.ts";

/** A state dict, seen as the weights of a model. */
export interface InitialWeights {
  /** Values by parameter name, one entry for every parameter. */
  readonly values: ReadonlyMap<string, Float32Array>;
  /** Names in the state dict that no parameter took. */
  readonly unused: readonly string[];
}

/**
 * Finds the values of a model's parameters in a state dict.
 * @param tensors The state dict.
 * @param options Parameters of the model, the other names of each, and the file for messages.
 * @throws {DataError} if a parameter is missing or has another shape.
 */
export function matchInitialWeights(
  tensors: ReadonlyMap<string, FloatTensor>,
  options: {
    readonly parameters: readonly Parameter[];
    readonly names: (name: string) => readonly string[];
    readonly file: string;
  },
): InitialWeights {
  const { parameters, names, file } = options;
  const fail = (state: string, dataset: string) =>
    new DataError(`Cannot start from "${file}": ${state}`, { file, dataset });
  const values = new Map<string, Float32Array>();
  const used = new Set<string>();
  for (const { name, shape } of parameters) {
    const found = [name, ...names(name)].filter((candidate) => tensors.has(candidate));
    if (found.length === 0) throw fail(`it has no tensor "${name}"`, name);
    const tensor = tensors.get(found[0])!;
    if (String(tensor.shape) !== String(shape)) {
      const sizes = `has shape [${tensor.shape}], the model wants [${shape}]`;
      throw fail(`"${found[0]}" ${sizes}`, found[0]);
    }
    values.set(name, tensor.data);
    for (const candidate of found) used.add(candidate);
  }
  return { values, unused: [...tensors.keys()].filter((name) => !used.has(name)) };
}
