/**
 * Starting from given weights: a file from here or from Python, under any of the names that it may
 * give the model's parameters.
 * @module
 */
import { DataError } from "../errors.ts";
import { sameShape } from "../ir/dims.ts";
import { readFloat32 } from "../storage/tensor_types.ts";
import type { WeightsFile } from "../storage/weights_file.ts";
import { matchWeights, type UnusedTensor, type WeightsQuery } from "../storage/weights_match.ts";

/** The weights of a model, read from a file. */
export interface InitialWeights {
  /** Values by parameter name, one entry for every parameter. */
  readonly values: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
  /** Tensors of the file that no parameter took. */
  readonly unused: readonly UnusedTensor[];
  /** Lines for the user. */
  readonly notices: readonly string[];
}

/**
 * Reads the values of a model's parameters, and nothing else, from a file.
 * @param file The file.
 * @param request The parameters, the other names of each, and where in the file to look.
 * @throws {DataError} if a parameter is missing, has another shape, or cannot be read.
 */
export function readInitialWeights(
  file: WeightsFile,
  request: Pick<WeightsQuery, "parameters" | "names" | "key" | "keyOption">,
): InitialWeights {
  const { found, unused, notices } = matchWeights(file, request);
  const values = new Map<string, Float32Array<ArrayBuffer>>();
  for (const { name, shape } of request.parameters) {
    const { name: given, tensor } = found.get(name)!;
    if (!sameShape(tensor.shape, shape)) {
      const sizes = `has shape [${tensor.shape}], the model wants [${shape}]`;
      throw new DataError(`Cannot load weights from "${file.path}": "${given}" ${sizes}`, {
        file: file.path,
        dataset: given,
      });
    }
    values.set(name, readFloat32(tensor, given).data);
  }
  return { values, unused, notices };
}
