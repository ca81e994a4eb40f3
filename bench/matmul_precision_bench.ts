/**
 * How far features of vision transformers are from those in float32 with every
 * `float32_matmul_precision`, and with operands of linear layers rounded to TensorFloat-32 and
 * bfloat16: with random weights, and with weights of LayerNorm from a log-normal distribution, so
 * that a few channels stand out as in pretrained ones.
 *
 * Run with `deno task bench:matmul_precision`. It prints a table in Markdown; nothing is timed.
 */
import "../plugins/mod.ts";
import { measureChannels } from "../engine/extract/channel_ranges.ts";
import { encodeWithConstantsApart } from "../engine/onnx/encode.ts";
import type { OnnxGraph, OnnxInitializer, OnnxNode } from "../engine/onnx/emit.ts";
import { roundProducts } from "../engine/onnx/rounded_products.ts";
import { splitProducts } from "../engine/onnx/split_products.ts";
import { Random } from "../engine/random.ts";
import { Session } from "../engine/runtime/session.ts";
import { encoderGraph, loadWeights } from "../jobs/extract/encoder.ts";
import { buildEncoder } from "../registry/builder/model.ts";
import { resolveExtractConfig } from "../registry/config/extract.ts";
import { registry } from "../registry/registry.ts";

const MODELS = ["vit_small_patch16_224", "vit_base_patch16_224"];
const IMAGES = 2;
const SIZE = 224;
/** Standard deviation of the logarithm of LayerNorm's weights. */
const SPREADS = [0, 0.5, 1];
/** Bits of a mantissa, with the one that is not stored. */
const TF32_BITS = 11;
const BFLOAT16_BITS = 8;
const FLOAT32_BITS = 24;

/** The encoder, its weights of LayerNorm spread out. */
async function graphOf(type: string, spread: number): Promise<OnnxGraph> {
  const file = {
    data: { dataset: "generic_image_dataset", num_classes: 2 },
    model: { encoder: { encoder_type: "timm", type, pretrained: false } },
  };
  const { config } = resolveExtractConfig({ file }, registry);
  const sampleShape = [3, SIZE, SIZE];
  const stack = await buildEncoder({ config, registry }, { name: "bench", sampleShape });
  const { values } = await loadWeights(stack, {});
  const random = new Random(1);
  for (const [name, weights] of values) {
    if (!/norm\d?\.weight$/.test(name)) continue;
    weights.set(weights.map((value) => value * Math.exp(spread * random.normal())));
  }
  return encoderGraph(stack, { values });
}

/** Rounds a value to so many bits by Veltkamp's splitting. */
function rounded(value: number, bits: number): number {
  const large = Math.fround(value * (2 ** (FLOAT32_BITS - bits) + 1));
  return Math.fround(large - Math.fround(large - value));
}

/** Both operands of every linear layer are rounded; products and sums stay float32. */
function withRoundedOperands(graph: OnnxGraph, bits: number): OnnxGraph {
  const constants = new Map(graph.initializers.map((constant) => [constant.name, constant]));
  const factor = "veltkamp";
  const initializers: OnnxInitializer[] = [
    ...graph.initializers,
    {
      name: factor,
      dtype: "float32",
      shape: [],
      values: Float32Array.of(2 ** (FLOAT32_BITS - bits) + 1),
    },
  ];
  const nodes: OnnxNode[] = [];
  for (const node of graph.nodes) {
    const weight = constants.get(node.inputs[1]);
    if (node.op !== "Gemm" || weight === undefined) {
      nodes.push(node);
      continue;
    }
    const [x, , ...bias] = node.inputs;
    const [output] = node.outputs;
    const add = (op: string, inputs: readonly string[], name: string) =>
      nodes.push({ op, inputs, outputs: [name], attributes: {} });
    add("Mul", [x, factor], `${output}_large`);
    add("Sub", [`${output}_large`, x], `${output}_rest`);
    add("Sub", [`${output}_large`, `${output}_rest`], `${output}_x`);
    const values = (weight.values as Float32Array).map((value) => rounded(value, bits));
    initializers.push({ ...weight, name: `${output}_w`, values });
    nodes.push({ ...node, inputs: [`${output}_x`, `${output}_w`, ...bias] });
  }
  return { ...graph, nodes, initializers };
}

async function featuresOf(graph: OnnxGraph): Promise<Float32Array> {
  const session = await Session.load(encodeWithConstantsApart(graph));
  const shape = [IMAGES, 3, SIZE, SIZE];
  const random = new Random(2);
  const data = Float32Array.from({ length: IMAGES * 3 * SIZE * SIZE }, () => random.normal());
  const { features } = await session.run({ samples: { dtype: "float32", shape, data } });
  await session.release();
  return features.data as Float32Array;
}

function errorOf(found: Float32Array, expected: Float32Array): number {
  return Math.hypot(...found.map((value, i) => value - expected[i])) / Math.hypot(...expected);
}

const columns = ["high", "medium", "medium, not balanced", "TensorFloat-32", "bfloat16"];
console.log(`| model | spread of LayerNorm | ${columns.join(" | ")} |`);
console.log(`| --- | --- | ${columns.map(() => "---").join(" | ")} |`);
for (const type of MODELS) {
  for (const spread of SPREADS) {
    const graph = await graphOf(type, spread);
    const expected = await featuresOf(graph);
    const graphs = [
      splitProducts(graph),
      roundProducts(graph, { largest: await measureChannels(graph) }),
      roundProducts(graph),
      withRoundedOperands(graph, TF32_BITS),
      withRoundedOperands(graph, BFLOAT16_BITS),
    ];
    const errors: string[] = [];
    for (const one of graphs) {
      errors.push(errorOf(await featuresOf(one), expected).toExponential(1));
    }
    console.log(`| ${type} | ${spread} | ${errors.join(" | ")} |`);
  }
}
