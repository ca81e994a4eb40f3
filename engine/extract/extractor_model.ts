/**
 * From a graph to the model that all threads of an extractor compute with.
 * @module
 */
import type { OnnxGraph } from "../onnx/emit.ts";
import { encodeWithConstantsApart, type OnnxModel } from "../onnx/encode.ts";

/**
 * Makes a graph ready for the extractor. Its constants, which the runtime packs for its kernels, lie
 * in memory that all threads share.
 * @param graph The graph.
 */
export function extractorModel(graph: OnnxGraph): OnnxModel {
  const initializers = graph.initializers.map((constant) =>
    constant.values instanceof Float32Array
      ? { ...constant, values: shared(constant.values) }
      : constant
  );
  return encodeWithConstantsApart({ ...graph, initializers });
}

function shared(values: Float32Array): Float32Array {
  const copy = new Float32Array(new SharedArrayBuffer(values.byteLength));
  copy.set(values);
  return copy;
}
