/**
 * Matrix products from products of 8-bit integers, for processors that are many times faster at
 * those than at float32.
 *
 * A float32 is written as the sum of two 8-bit integers, a coarse and a fine one, times a step for
 * its row (of `x`) or its output (of the weights). Three of the four products of the parts are
 * computed, exactly, and added up; the fine parts' product is left out. PyTorch's
 * `torch.set_float32_matmul_precision("high")` means the same with bfloat16 for integers; the idea
 * is that of Ozaki et al. 2012, "Error-free transformations of matrix multiplication".
 * @module
 */
import {
  LARGEST,
  type LayerWriter,
  replaceLayers,
  round,
  stepOf,
  weightRows,
  type WideLayer,
  wideLayers,
} from "./_wide_layers.ts";
import { int, type OnnxGraph } from "./emit.ts";

/** Fine steps in a coarse one, so that half a coarse step is {@linkcode LARGEST} fine ones. */
const FINENESS = 2 * LARGEST;

/** Weights as the graph takes them. */
interface SplitWeights {
  /** Coarse parts `[inputs, outputs]`. */
  readonly coarse: Int8Array;
  /** Fine parts, then the coarse ones again, `[2 · inputs, outputs]`. */
  readonly both: Int8Array;
  /** Step of an output's coarse parts `[outputs]`. */
  readonly steps: Float32Array;
}

/**
 * Replaces linear layers (`Gemm` and `MatMul` with constant weights) by products of 8-bit integers,
 * where both widths are at least 384. Rows of `x` whose largest value is a few times
 * their standard deviation come out with relative errors of about 1e-4 per layer, a third of
 * TensorFloat-32's; the error grows with the square of that ratio.
 * @param graph The graph. Values of weights may be shared memory; what replaces them is.
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
 * const products = splitProducts(graph).nodes.filter(({ op }) => op === "MatMulIntegerToFloat");
 * assertEquals(products.length, 2);
 * ```
 */
export function splitProducts(graph: OnnxGraph): OnnxGraph {
  const layers = wideLayers(graph);
  return layers.length === 0 ? graph : replaceLayers(graph, layers, writeSplit);
}

function writeSplit(writer: LayerWriter, layer: WideLayer, x: string): string {
  const { coarse, both, steps } = splitWeights(layer);
  const { rounded: xCoarse, step, rowSteps, rowZeros } = writer.roundRows(x);
  const xBoth = writer.once("both", x, () => {
    const row = { axis: int(0) };
    const nearest = writer.node("DequantizeLinear", [xCoarse, rowSteps, rowZeros], row);
    const fineSteps = writer.node("Mul", [rowSteps, writer.float(1 / FINENESS)]);
    const rest = writer.node("Sub", [x, nearest]);
    const xFine = writer.node("QuantizeLinear", [rest, fineSteps, rowZeros], row);
    return writer.node("Concat", [xCoarse, xFine], { axis: int(1) });
  });
  const sum = writer.node("Add", [
    writer.multiply(xCoarse, coarse, steps),
    writer.multiply(xBoth, both, steps.map((value) => value / FINENESS)),
  ]);
  return writer.node("Mul", [sum, step]);
}

/** Splits the weights of every output, whose step its largest weight gives. */
function splitWeights(layer: WideLayer): SplitWeights {
  const { inputs, outputs } = layer;
  const values = weightRows(layer);
  const coarse = new Int8Array(new SharedArrayBuffer(inputs * outputs));
  const both = new Int8Array(new SharedArrayBuffer(2 * inputs * outputs));
  const steps = new Float32Array(outputs);
  for (let output = 0; output < outputs; output++) {
    const row = values.subarray(output * inputs, (output + 1) * inputs);
    const step = steps[output] = stepOf(row);
    const perStep = 1 / step;
    for (let i = 0, to = output; i < inputs; i++, to += outputs) {
      const scaled = row[i] * perStep;
      coarse[to] = round(scaled);
      both[to] = round(FINENESS * (scaled - round(scaled)));
    }
  }
  both.set(coarse, coarse.length);
  return { coarse, both, steps };
}
