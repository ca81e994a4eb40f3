/**
 * Matrix products with both sides rounded to 8-bit integers, after their channels were balanced.
 *
 * A row of `x` and the weights of an output are rounded to multiples of a step of their own; one
 * exact product of integers stands for that of floats. It is the least precise and the fastest way.
 * @module
 */
import { balanceChannels } from "./_channel_scales.ts";
import {
  type LayerWriter,
  replaceLayers,
  round,
  stepOf,
  weightRows,
  type WideLayer,
  wideLayers,
} from "./_wide_layers.ts";
import type { OnnxGraph } from "./emit.ts";

/** What is known of the tensors that go into layers. */
export interface RoundOptions {
  /**
   * Largest magnitude in every channel, by a tensor's name. Where channels differ, those that stand
   * out are divided, and their weights multiplied. @default {nothing is balanced}
   */
  readonly largest?: ReadonlyMap<string, Float32Array>;
}

/**
 * Replaces linear layers (`Gemm` and `MatMul` with constant weights) by one product of 8-bit
 * integers each, where both widths are at least 384. Normally distributed rows and weights come out
 * with relative errors of about 1e-2 per layer, four times bfloat16's.
 * @param graph The graph. Values of weights may be shared memory; what replaces them is.
 * @param options What is known of the tensors that go into the layers.
 * @returns The graph with other nodes, or the same one if no layer is wide enough.
 *
 * @example A layer of 384 inputs and outputs
 * ```ts
 * import { emit, input } from "@glovita/glovita/engine";
 * import { linear } from "@glovita/glovita/nn";
 * import { bakeInputs } from "./bake.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const [x, w] = [input("x", "float32", ["rows", 384]), input("w", "float32", [384, 384])];
 * const weight = { shape: [384, 384], values: new Float32Array(384 * 384).fill(0.5) };
 * const graph = bakeInputs(emit({ y: linear(x, w) }), new Map([["w", weight]]));
 * const products = roundProducts(graph).nodes.filter(({ op }) => op === "MatMulIntegerToFloat");
 * assertEquals(products.length, 1);
 * ```
 */
export function roundProducts(
  graph: OnnxGraph,
  { largest = new Map() }: RoundOptions = {},
): OnnxGraph {
  const layers = wideLayers(graph);
  if (layers.length === 0) return graph;
  const { graph: balanced, balances } = balanceChannels(graph, layers, largest);
  return replaceLayers(balanced, layers, (writer, layer, x) => {
    const { scales, folded = true } = balances.get(layer.node.inputs[0]) ?? {};
    const even = scales && !folded ? writer.once("even", x, () => divide(writer, x, scales)) : x;
    const { weights, steps } = roundWeights(layer, scales);
    const { rounded, step } = writer.roundRows(even);
    return writer.node("Mul", [writer.multiply(rounded, weights, steps), step]);
  });
}

function divide(writer: LayerWriter, x: string, scales: Float32Array): string {
  const factors = scales.map((scale) => 1 / scale);
  return writer.node("Mul", [x, writer.constant("float32", [factors.length], factors)]);
}

/** Rounds the weights of every output, whose step its largest weight gives. */
function roundWeights(
  layer: WideLayer,
  scales: Float32Array | undefined,
): { readonly weights: Int8Array; readonly steps: Float32Array } {
  const { inputs, outputs } = layer;
  const values = weightRows(layer);
  const weights = new Int8Array(new SharedArrayBuffer(inputs * outputs));
  const steps = new Float32Array(outputs);
  for (let output = 0; output < outputs; output++) {
    const given = values.subarray(output * inputs, (output + 1) * inputs);
    const row = scales ? given.map((value, i) => value * scales[i]) : given;
    const step = steps[output] = stepOf(row);
    const perStep = 1 / step;
    for (let i = 0, to = output; i < inputs; i++, to += outputs) {
      weights[to] = round(row[i] * perStep);
    }
  }
  return { weights, steps };
}
