/**
 * PyTorch files: what `torch.save` writes and `torch.load(path, weights_only=True)` reads.
 * @module
 */
export {
  isTensor,
  OrderedDict,
  PyFloat,
  pyFloat,
  PyTuple,
  pyTuple,
  type TorchValue,
} from "./pickle_values.ts";
export {
  type FloatTensor,
  type StoredTensor,
  storedTensor,
  TENSOR_TYPES,
  type TensorType,
  toFloat32,
} from "../tensor_types.ts";
export { readTorchFile } from "./reader.ts";
export { writeTorchFile } from "./writer.ts";
