/**
 * How precisely an encoder's matrix products are computed.
 * @module
 */
import type { OnnxGraph } from "../../engine/onnx/emit.ts";
import { splitProducts } from "../../engine/onnx/split_products.ts";
import { int8ProductsAreFaster } from "../../engine/extract/int8_products.ts";
import type { ExtractConfig } from "../../registry/config/extract.ts";

/** A value of `float32_matmul_precision`. */
export type MatmulPrecision = ExtractConfig["float32_matmul_precision"];

/** A graph, and how precise it is. */
export interface PreciseGraph {
  /** The graph. */
  readonly graph: OnnxGraph;
  /** What it computes with. */
  readonly precision: MatmulPrecision;
  /** Lines for the user. */
  readonly notices: readonly string[];
}

/**
 * Makes a graph as precise as wanted. As in PyTorch, less than the highest precision is used only
 * where that is faster.
 * @param graph The graph, its weights constants.
 * @param wanted `float32_matmul_precision`.
 * @param pays Tells whether this machine gains from products of integers.
 */
export async function chooseMatmulPrecision(
  graph: OnnxGraph,
  wanted: MatmulPrecision,
  pays: () => Promise<boolean> = int8ProductsAreFaster,
): Promise<PreciseGraph> {
  if (wanted === "highest") return { graph, precision: "highest", notices: [] };
  const highest = (reason: string): PreciseGraph => ({
    graph,
    precision: "highest",
    notices: [`float32_matmul_precision ${wanted} has no effect: ${reason}`],
  });
  if (!await pays()) return highest("this processor gains nothing from it");
  const split = splitProducts(graph);
  if (split === graph) return highest("no linear layer is wide enough, or it is in an ONNX file");
  return { graph: split, precision: wanted, notices: [] };
}
