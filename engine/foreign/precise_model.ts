/**
 * A model that was trained and exported elsewhere, with faster matrix products.
 * @module
 */
import { measureChannels } from "../extract/channel_ranges.ts";
import type { OnnxModel } from "../onnx/encode.ts";
import { roundProducts } from "../onnx/rounded_products.ts";
import { splitProducts } from "../onnx/split_products.ts";
import { readForeignGraph } from "./_foreign_graph.ts";
import type { ForeignModelOptions } from "./foreign_model.ts";

/** First version of ONNX's operators that can round rows by steps of their own. */
const MIN_OPSET = 13;

/**
 * Puts products of 8-bit integers in the place of wide linear layers with constant weights.
 * @param options The file, and what it takes.
 * @param precision `high` for sums of three products, `medium` for one with balanced channels.
 * @returns What to compute with; `undefined` if no layer has at least 384 inputs and outputs, or the
 *   file is older than version 13 of ONNX's operators.
 *
 * @example A file without wide layers stays as it is
 * ```ts
 * import { emit, encode, exp, input } from "@glovita/glovita/engine";
 * import { preciseModel } from "@glovita/glovita/pretrained";
 * import { assertEquals } from "@std/assert";
 *
 * const file = `${await Deno.makeTempDir()}/exp.onnx`;
 * await Deno.writeFile(file, encode(emit({ y: exp(input("x", "float32", ["batch", 3])) })));
 * const options = { file, input: "x", output: "y", sampleShape: [3] };
 * assertEquals(await preciseModel(options, "medium"), undefined);
 * ```
 *
 * @category ONNX models
 */
export async function preciseModel(
  { file, sampleShape, batch = 1 }: ForeignModelOptions,
  precision: "high" | "medium",
): Promise<OnnxModel | undefined> {
  const { graph, encode } = await readForeignGraph(file);
  if (graph.opset! < MIN_OPSET) return undefined;
  const rewritten = precision === "high" ? splitProducts(graph) : roundProducts(graph, {
    largest: await measureChannels(graph, { shape: [batch, ...sampleShape], encode }),
  });
  return rewritten === graph ? undefined : encode(rewritten);
}
