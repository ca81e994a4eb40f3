/**
 * PyTorch files: what `torch.save` writes and `torch.load(path, weights_only=True)` reads.
 * @module
 */
export {
  isLazyTensor,
  isTensor,
  OpaqueObject,
  OrderedDict,
  PyFloat,
  pyFloat,
  PyTuple,
  pyTuple,
  type TorchTree,
  type TorchValue,
} from "./pickle_values.ts";
export {
  type FloatTensor,
  type LazyTensor,
  type StoredTensor,
  storedTensor,
  TENSOR_TYPES,
  type TensorType,
  toFloat32,
} from "../tensor_types.ts";
export { TorchFile } from "./reader.ts";
export { writeTorchFile } from "./writer.ts";
