/** Reads a PyTorch file with all of its tensors. */
import type { StoredTensor } from "../engine/storage/tensor_types.ts";
import {
  isLazyTensor,
  OrderedDict,
  TorchFile,
  type TorchTree,
  type TorchValue,
} from "../engine/storage/torch/torch_file.ts";

/** What a file holds. Names of one tensor share its memory; what is not built stays as it is. */
export function readTorchFile(path: string): TorchValue {
  using file = TorchFile.open(path);
  const tensors = new Map<string, StoredTensor>();
  const read = (value: TorchTree, name: string): unknown => {
    if (isLazyTensor(value)) {
      const stored = tensors.get(value.place) ?? value.read(name);
      tensors.set(value.place, stored);
      return stored;
    }
    if (value instanceof Map) {
      const entries = [...value].map(([key, item]) => [key, read(item, String(key))] as const);
      return value instanceof OrderedDict ? new OrderedDict(entries as []) : new Map(entries);
    }
    return Array.isArray(value) ? value.map((item) => read(item, name)) : value;
  };
  return read(file.tree, "") as TorchValue;
}
