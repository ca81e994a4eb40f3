/**
 * Masks: which entries of a parameter train, where not all of them do.
 * @module
 */
import { DataError } from "../errors.ts";
import { sameShape } from "../ir/dims.ts";
import type { Parameter } from "../nn/scope.ts";
import { type StoredTensor, storedTensor } from "../storage/tensor_types.ts";
import { isLazyTensor, type TorchTree } from "../storage/torch/pickle_values.ts";
import { TorchFile } from "../storage/torch/reader.ts";

/**
 * Entries that train, by parameter name, row-major: 1 trains, 0 keeps its value. A parameter without
 * a mask trains as a whole.
 */
export type Masks = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** Behind the names of parameters: nobody takes masks for weights. */
const SUFFIX = ".mask";

/**
 * The parameters, frozen where a mask lets none of their entries train.
 * @param parameters The parameters.
 * @param masks The masks.
 */
export function freezeMasked(
  parameters: readonly Parameter[],
  masks: Masks,
): readonly Parameter[] {
  const isFrozen = ({ name }: Parameter) => masks.get(name)?.includes(1) === false;
  return parameters.map((each) => isFrozen(each) ? { ...each, trainable: false } : each);
}

/**
 * Masks as checkpoints hold them.
 * @param masks The masks.
 * @param parameters The parameters that they are for.
 */
export function storedMasks(
  masks: Masks,
  parameters: readonly Parameter[],
): Record<string, StoredTensor> {
  const stored = parameters.flatMap(({ name, shape }) => {
    const mask = masks.get(name);
    return mask ? [[name + SUFFIX, storedTensor("bool", shape, mask)] as const] : [];
  });
  return Object.fromEntries(stored);
}

/**
 * Reads the masks of a checkpoint.
 * @param file Path of the checkpoint.
 * @param parameters The parameters that they are for.
 * @throws {DataError} if it has none, or they do not fit.
 */
export function readMasks(file: string, parameters: readonly Parameter[]): Masks {
  using checkpoint = TorchFile.open(file);
  const fail = (state: string, dataset?: string) =>
    new DataError(`Cannot resume from "${file}": ${state}`, { file, dataset });
  const stored = entry(entry(checkpoint.tree, "glovita"), "masks");
  if (!(stored instanceof Map)) throw fail("it does not say which entries of parameters train");
  const masks = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const { name, shape } of parameters) {
    const tensor: TorchTree | undefined = stored.get(name + SUFFIX);
    if (tensor === undefined) continue;
    const fits = isLazyTensor(tensor) && tensor.dtype === "bool" && sameShape(tensor.shape, shape);
    if (!fits) throw fail(`its mask of "${name}" is not bool [${shape}]`, name);
    const { data } = tensor.read(name);
    masks.set(name, new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice());
  }
  return masks;
}

function entry(tree: TorchTree | undefined, key: string): TorchTree | undefined {
  return tree instanceof Map ? tree.get(key) : undefined;
}
