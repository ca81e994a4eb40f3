/**
 * Weights and models that were made elsewhere: downloads from the Hugging Face Hub, state dicts as
 * PyTorch and safetensors write them, and ONNX files.
 *
 * @example What an ONNX file takes and gives
 * ```ts
 * import { emit, encode, exp, input } from "@glovita/glovita/engine";
 * import { readModelFacts } from "@glovita/glovita/pretrained";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${await Deno.makeTempDir()}/exp.onnx`;
 * await Deno.writeFile(path, encode(emit({ y: exp(input("x", "float32", ["batch", 3])) })));
 * const { inputs, outputs } = readModelFacts(path);
 * assertEquals(inputs, [{ name: "x", dtype: "float32", shape: ["batch", 3] }]);
 * assertEquals(outputs.map(({ name }) => name), ["y"]);
 * ```
 * @module
 */
export type { HubOptions } from "../hub/client.ts";
export type { DownloadOptions, DownloadProgress } from "../hub/download.ts";
export { sha256OfFile } from "../hub/sha256.ts";
export { findWeights, type FoundWeights, type WeightsRequest } from "../hub/weights.ts";
export { loadStateDict, type StateDictOptions } from "../storage/state_dict.ts";
export {
  type FloatTensor,
  type LazyTensor,
  readFloat32,
  type StoredTensor,
  type TensorType as StoredType,
} from "../storage/tensor_types.ts";
export { type StateDict, WeightsFile } from "../storage/weights_file.ts";
export {
  matchWeights,
  type NamedTensor,
  unusedNotice,
  type UnusedTensor,
  type WantedParameter,
  type WeightsMatch,
  type WeightsQuery,
} from "../storage/weights_match.ts";
export { type ForeignModelOptions, type ModelProbe, probeModel } from "./foreign_model.ts";
export { type ModelSourceOptions, wrapSource } from "./model_source.ts";
export type { OnnxModel } from "../onnx/encode.ts";
export { preciseModel } from "./precise_model.ts";
export { type ModelFacts, type ModelPort, readModelFacts } from "./read_model.ts";
