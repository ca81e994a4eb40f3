/**
 * How precisely an encoder's matrix products are computed.
 * @module
 */
import { hostInfo } from "../../engine/platform/host.ts";
import { measureChannels } from "../../engine/extract/channel_ranges.ts";
import { int8ProductsAreFaster, type Int8Rewrite } from "../../engine/extract/int8_products.ts";
import type { OnnxGraph } from "../../engine/onnx/emit.ts";
import { roundProducts } from "../../engine/onnx/rounded_products.ts";
import { splitProducts } from "../../engine/onnx/split_products.ts";
import type { Device } from "../../engine/runtime/session_options.ts";
import type { EncoderReader } from "../../registry/plugin.ts";
import type { ExtractConfig } from "../../registry/config/extract.ts";

/** A value of `float32_matmul_precision`. */
export type MatmulPrecision = ExtractConfig["float32_matmul_precision"];

/** A graph, and how precise it is. */
export interface PreciseGraph {
  /** The graph. */
  readonly graph: OnnxGraph;
  /** What runs before it, if anything does. */
  readonly reader?: EncoderReader;
  /** What it computes with. */
  readonly precision: MatmulPrecision;
  /** Whether ARM64 processors may round the operands of products to bfloat16. */
  readonly fastMath: boolean;
  /** Lines for the user. */
  readonly notices: readonly string[];
}

/** What the choice depends on. */
export interface PrecisionOptions {
  /** What runs before the graph. */
  readonly reader?: EncoderReader;
  /** Where the graph runs. @default {"cpu"} */
  readonly device?: Device;
  /** Tells whether this machine gains from products of integers. */
  readonly pays?: (how: Int8Rewrite) => Promise<boolean>;
  /** Kind of processor. @default {that of this machine} */
  readonly arch?: string;
}

/** Operators that the runtime computes in bfloat16 on ARM64, if it may. */
const PRODUCTS: ReadonlySet<string> = new Set(["Gemm", "MatMul", "Conv"]);

/** Largest error of one product of integers, of uniform numbers, relative to the largest value. */
const ROUNDED_ERROR = 2e-2;

/**
 * Makes a graph as precise as wanted. As in PyTorch, less than the highest precision is used only
 * where that is faster.
 * @param graph The graph, its weights constants.
 * @param wanted `float32_matmul_precision`.
 * @param options What runs before the graph, and the machine.
 */
export async function chooseMatmulPrecision(
  graph: OnnxGraph,
  wanted: MatmulPrecision,
  {
    reader,
    device = "cpu",
    pays = int8ProductsAreFaster,
    arch = hostInfo().arch,
  }: PrecisionOptions = {},
): Promise<PreciseGraph> {
  const made = { graph, reader, precision: wanted, fastMath: false, notices: [] };
  if (wanted === "highest") return made;
  const highest = (reason: string): PreciseGraph => ({
    ...made,
    precision: "highest",
    notices: [`float32_matmul_precision ${wanted} has no effect: ${reason}`],
  });
  if (device !== "cpu") return highest(`device ${device} has kernels of its own`);
  if (wanted === "medium" && arch === "aarch64") {
    return graph.nodes.some(({ op }) => PRODUCTS.has(op))
      ? { ...made, fastMath: true }
      : highest("on ARM64, it is for encoders that are not in an ONNX file");
  }
  const how = wanted === "medium" ? { rewrite: roundProducts, maxError: ROUNDED_ERROR } : {};
  if (!await pays(how)) return highest("this processor gains nothing from it");
  const rewritten = wanted === "medium"
    ? roundProducts(graph, { largest: await measureChannels(graph) })
    : splitProducts(graph);
  const faster = await reader?.withMatmulPrecision?.(wanted);
  return rewritten === graph && faster === undefined
    ? highest("no linear layer has at least 384 inputs and outputs")
    : { ...made, graph: rewritten, reader: faster ?? reader };
}
