/**
 * PyTorch files that hold one tensor and nothing around it, as `torch.save(tensor, path)` writes.
 * @module
 */
import { DataError } from "../../errors.ts";
import { isTensorType, type LazyTensor } from "../tensor_types.ts";
import { isLazyTensor, OpaqueObject, type TorchTree } from "./pickle_values.ts";
import { TorchFile } from "./reader.ts";

/** A tensor of a file that is open. */
export interface BareTensor extends Disposable {
  /** The tensor, which is read when it is wanted. */
  readonly tensor: LazyTensor;
  /** Releases the file; a tensor that was not read cannot be read any more. */
  close(): void;
}

/**
 * Opens a file that holds one tensor.
 *
 * @param path The `.pt` file.
 * @returns The tensor; close it.
 * @throws {DataError} if the file is missing, damaged, not a PyTorch file, or holds anything else;
 * the message says what.
 *
 * @example Features of one slide
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { storedTensor, toFloat32, writeTorchFile } from "./torch_file.ts";
 * const path = `${Deno.makeTempDirSync()}/slide.pt`;
 * await writeTorchFile(path, storedTensor("float32", [1, 2], Float32Array.of(1, 2)));
 * using file = openBareTensor(path);
 * assertEquals(file.tensor.shape, [1, 2]);
 * assertEquals(toFloat32(file.tensor.read("features")).data, Float32Array.of(1, 2));
 * ```
 */
export function openBareTensor(path: string): BareTensor {
  const file = TorchFile.open(path);
  const { tree } = file;
  if (isLazyTensor(tree) && isTensorType(tree.dtype)) {
    const close = () => file[Symbol.dispose]();
    return { tensor: tree, close, [Symbol.dispose]: close };
  }
  file[Symbol.dispose]();
  const state = `it holds ${describe(tree)}, expected one tensor`;
  throw new DataError(`Cannot read "${path}": ${state}`, { file: path });
}

/** What a file holds instead of a tensor, with its article. */
function describe(tree: TorchTree): string {
  if (isLazyTensor(tree)) return `a tensor of type ${tree.dtype}, which is not supported`;
  if (tree instanceof Map) return `a dictionary of ${contents([...tree.values()])}`;
  if (Array.isArray(tree)) return `a list of ${contents(tree)}`;
  if (tree instanceof OpaqueObject) {
    return /^numpy\..*_reconstruct$/.test(tree.name)
      ? "a NumPy array"
      : `an object of ${JSON.stringify(tree.name)}`;
  }
  return "a plain value";
}

function contents(values: readonly TorchTree[]): string {
  const tensors = values.filter((value) => isLazyTensor(value)).length;
  const counted = `${tensors} ${tensors === 1 ? "tensor" : "tensors"}`;
  if (tensors === values.length && tensors > 0) return counted;
  return `${values.length} ${values.length === 1 ? "value" : "values"}, ${counted} among them`;
}
