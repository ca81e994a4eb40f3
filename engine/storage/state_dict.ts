/**
 * State dicts as a whole: all tensors of one dictionary of a file.
 * @module
 */
import { DataError } from "../errors.ts";
import { mostWanted, placeName } from "./_weights_order.ts";
import { type FloatTensor, readFloat32 } from "./tensor_types.ts";
import { type StateDict, WeightsFile } from "./weights_file.ts";
import { unwrapName } from "./weights_match.ts";

/**
 * Which dictionary of a file is wanted.
 * @category State dicts
 */
export interface StateDictOptions {
  /** Its keys, joined by dots. @default {the most wanted one} */
  readonly key?: string;
}

function fail(path: string, state: string, tensor?: string): DataError {
  return new DataError(`Cannot load weights from "${path}": ${state}`, {
    file: path,
    dataset: tensor,
  });
}

/**
 * Reads a state dict from a PyTorch file, whatever its dictionary is called, or from a safetensors
 * file. Of several, averaged weights come before raw ones, as in timm. What data parallel and
 * compiled modules put into names (`module.`, `_orig_mod.`) is taken out. Which format a file has,
 * its content tells. {@linkcode WeightsFile} reads less than all of it.
 *
 * @param path The file.
 * @param options Which dictionary, where there are several.
 * @returns Tensors by name as float32, in the order of the file. Names of one and the same tensor
 * share their values.
 * @throws {DataError} if the file is missing, damaged, or holds no state dict, or several that
 * cannot be told apart, or a tensor of a type that is not supported.
 *
 * @example A wrapped state dict
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { storedTensor, writeTorchFile } from "./torch/torch_file.ts";
 * const path = `${Deno.makeTempDirSync()}/last.pt`;
 * const bias = storedTensor("float32", [2], new Float32Array([1, 2]));
 * await writeTorchFile(path, { model: { "module.bias": bias } });
 * assertEquals(loadStateDict(path).get("bias")?.shape, [2]);
 * ```
 *
 * @category State dicts
 */
export function loadStateDict(
  path: string,
  options: StateDictOptions = {},
): Map<string, FloatTensor> {
  using file = WeightsFile.open(path);
  const found = new Map<string, FloatTensor>();
  const byPlace = new Map<string, FloatTensor>();
  for (const [given, tensor] of choose(file, options).tensors) {
    const name = unwrapName(given);
    if (found.has(name)) throw fail(path, `"${name}" is there with and without a prefix`, name);
    const { place } = tensor;
    const values = byPlace.get(place) ?? readFloat32(tensor, given);
    byPlace.set(place, values);
    found.set(name, values);
  }
  return found;
}

function choose({ path, stateDicts }: WeightsFile, { key }: StateDictOptions): StateDict {
  const places = stateDicts.map((dict) => ({ keys: dict.keys, prefix: [], dict }));
  const found = key === undefined
    ? mostWanted(places)
    : places.find((place) => placeName(place) === key);
  if (found !== undefined) return found.dict;
  const names = places.map((place) => `"${placeName(place)}"`).join(", ");
  throw fail(
    path,
    key === undefined
      ? `its state dicts cannot be told apart: ${names}`
      : `it has no state dict "${key}", only ${names}`,
  );
}
