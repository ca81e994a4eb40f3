/**
 * Starting from given weights: a state dict from here or from Python, under any of the names that
 * GloViTa, CLAM and timm give the same parameter.
 * @module
 */
import { DataError } from "../errors.ts";
import type { Parameter } from "../nn/scope.ts";
import type { FloatTensor } from "../storage/tensor_types.ts";
import type { TrainState } from "./state.ts";

/**
 * Copies a state dict into the parameters of a model.
 * @param state Buffers of the model.
 * @param tensors The state dict.
 * @param options Parameters of the model, the other names of each, and the file for messages.
 * @returns Names in the state dict that no parameter took.
 * @throws {DataError} if a parameter is missing or has another shape.
 */
export function loadInitialWeights(
  state: TrainState,
  tensors: ReadonlyMap<string, FloatTensor>,
  options: {
    readonly parameters: readonly Parameter[];
    readonly names: (name: string) => readonly string[];
    readonly file: string;
  },
): string[] {
  const { parameters, names, file } = options;
  const used = new Set<string>();
  for (const { name, shape } of parameters) {
    const candidates = [name, ...names(name)];
    const found = candidates.filter((candidate) => tensors.has(candidate));
    if (found.length === 0) {
      throw new DataError(`Cannot start from "${file}": it has no tensor "${name}"`, {
        file,
        dataset: name,
      });
    }
    const tensor = tensors.get(found[0])!;
    if (String(tensor.shape) !== String(shape)) {
      throw new DataError(
        `Cannot start from "${file}": "${found[0]}" has shape [${tensor.shape}], ` +
          `the model wants [${shape}]`,
        { file, dataset: found[0] },
      );
    }
    state.parameter(name).data.set(tensor.data);
    for (const candidate of found) used.add(candidate);
  }
  return [...tensors.keys()].filter((name) => !used.has(name));
}
