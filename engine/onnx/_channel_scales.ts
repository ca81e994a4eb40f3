/**
 * Balancing the channels of linear layers: what makes a few channels of `x` large moves into their
 * weights, as in Xiao et al. 2023, "SmoothQuant".
 * @module
 */
import { sameShape } from "../ir/dims.ts";
import type { OnnxGraph, OnnxInitializer, OnnxNode } from "./emit.ts";
import type { WideLayer } from "./_wide_layers.ts";

/** A multiplication of its own pays where the largest channel exceeds the median by this factor. */
const MIN_IMBALANCE = 8;
/** Share of the median below which a channel counts as that large: others may fill it more. */
const FLOOR = 0.25;

/** How the channels of one `x` are scaled. */
interface Balance {
  /** What every channel is divided by. */
  readonly scales: Float32Array;
  /** Whether the normalisation before divides; otherwise the layer must. */
  readonly folded: boolean;
}

/** A graph whose normalisations divide where they can. */
export interface BalancedGraph {
  /** The graph; its layers still have the weights of before. */
  readonly graph: OnnxGraph;
  /** By the name of a layer's `x`. */
  readonly balances: ReadonlyMap<string, Balance>;
}

/**
 * Balances the channels of layers.
 * @param graph The graph.
 * @param layers Its wide layers.
 * @param largest Largest magnitude in every channel of a layer's `x`, by its name.
 */
export function balanceChannels(
  graph: OnnxGraph,
  layers: readonly WideLayer[],
  largest: ReadonlyMap<string, Float32Array>,
): BalancedGraph {
  const tracer = new Tracer(graph);
  const balances = new Map<string, Balance>();
  const replaced = new Map<OnnxNode, OnnxNode>();
  const constants: OnnxInitializer[] = [];
  const origins = Map.groupBy(layers, ({ node, inputs }) => tracer.origin(node.inputs[0], inputs));
  for (const [origin, group] of origins) {
    const names = new Set(group.map(({ node }) => node.inputs[0]));
    const measured = [...names].flatMap((name) => largest.get(name) ?? []);
    if (measured.length === 0) continue;
    const { scales, imbalance } = scalesOf(group, measured);
    const norm = tracer.normalization(origin, group);
    if (norm !== undefined) {
      const operands = norm.operands.map(({ name, values }) => {
        const balanced = `balanced_${constants.length}_${name}`;
        const divided = values.map((value, i) => value / scales[i]);
        constants.push({
          name: balanced,
          dtype: "float32",
          shape: [scales.length],
          values: divided,
        });
        return balanced;
      });
      replaced.set(norm.node, { ...norm.node, inputs: [norm.node.inputs[0], ...operands] });
    } else if (imbalance < MIN_IMBALANCE) continue;
    for (const name of names) balances.set(name, { scales, folded: norm !== undefined });
  }
  const nodes = graph.nodes.map((node) => replaced.get(node) ?? node);
  return {
    graph: { ...graph, nodes, initializers: [...graph.initializers, ...constants] },
    balances,
  };
}

/** Roots of the ratio of what a channel of `x` and its weights reach, both in medians. */
function scalesOf(
  layers: readonly WideLayer[],
  measured: readonly Float32Array[],
): { readonly scales: Float32Array; readonly imbalance: number } {
  const xs = inMedians(largestOf(measured));
  const weights = inMedians(largestOf(layers.map(largestWeights)));
  const scales = xs.map((value, i) =>
    Math.sqrt(Math.max(value, FLOOR) / Math.max(weights[i], FLOOR))
  );
  return { scales, imbalance: xs.reduce((most, value) => Math.max(most, value), 1) };
}

function inMedians(values: Float32Array): Float32Array {
  const median = values.toSorted()[values.length >> 1];
  return median > 0 && Number.isFinite(median)
    ? values.map((value) => Number.isFinite(value) ? value / median : 1)
    : new Float32Array(values.length).fill(1);
}

function largestOf(lists: readonly Float32Array[]): Float32Array {
  return lists[0].map((_, i) => lists.reduce((most, list) => Math.max(most, list[i]), 0));
}

/** Largest magnitude among the weights of every input. */
function largestWeights({ weight, outputsFirst, inputs, outputs }: WideLayer): Float32Array {
  const [perInput, perOutput] = outputsFirst ? [1, inputs] : [outputs, 1];
  const largest = new Float32Array(inputs);
  for (let output = 0; output < outputs; output++) {
    for (let i = 0; i < inputs; i++) {
      const value = Math.abs(weight.values[i * perInput + output * perOutput]);
      if (value > largest[i]) largest[i] = value;
    }
  }
  return largest;
}

interface Normalization {
  readonly node: OnnxNode;
  /** Weight, and bias if there is one. */
  readonly operands: readonly (OnnxInitializer & { readonly values: Float32Array })[];
}

/** Follows tensors through changes of their shape, which keep channels where the last axis is theirs. */
class Tracer {
  readonly #producers = new Map<string, OnnxNode>();
  readonly #readers = new Map<string, OnnxNode[]>();
  readonly #constants: ReadonlyMap<string, OnnxInitializer>;
  readonly #outputs: ReadonlySet<string>;

  constructor({ nodes, initializers, outputs }: OnnxGraph) {
    this.#constants = new Map(initializers.map((constant) => [constant.name, constant]));
    this.#outputs = new Set(outputs.map(({ name }) => name));
    for (const node of nodes) {
      for (const name of node.outputs) this.#producers.set(name, node);
      for (const name of new Set(node.inputs)) {
        const readers = this.#readers.get(name);
        if (readers) readers.push(node);
        else this.#readers.set(name, [node]);
      }
    }
  }

  /** What a layer's `x` was before its shape changed, if a normalisation of as many channels made it. */
  origin(x: string, width: number): string {
    let name = x;
    while (this.#producers.get(name)?.op === "Reshape") name = this.#producers.get(name)!.inputs[0];
    const node = this.#producers.get(name);
    const fits = node?.op === "LayerNormalization" && node.outputs[0] === name &&
      this.#operands(node, width) !== undefined;
    return fits ? name : x;
  }

  /** The normalisation that makes a tensor, if its weight is constant and only these layers read it. */
  normalization(origin: string, layers: readonly WideLayer[]): Normalization | undefined {
    const node = this.#producers.get(origin);
    if (node?.op !== "LayerNormalization") return undefined;
    const operands = this.#operands(node, layers[0].inputs);
    const nodes = new Set(layers.map((layer) => layer.node));
    return operands && this.#feedsOnly(origin, nodes) ? { node, operands } : undefined;
  }

  #operands({ inputs, outputs }: OnnxNode, width: number): Normalization["operands"] | undefined {
    if (outputs.length > 1) return undefined;
    const found = inputs.slice(1).map((name) => this.#constants.get(name));
    const fit = found.every((constant): constant is Normalization["operands"][number] =>
      constant?.dtype === "float32" && sameShape(constant.shape, [width])
    );
    return fit && found.length > 0 ? found : undefined;
  }

  #feedsOnly(name: string, nodes: ReadonlySet<OnnxNode>): boolean {
    if (this.#outputs.has(name)) return false;
    return (this.#readers.get(name) ?? []).every((node) => {
      if (nodes.has(node)) return node.inputs.indexOf(name) === node.inputs.lastIndexOf(name);
      return node.op === "Reshape" && this.#feedsOnly(node.outputs[0], nodes);
    });
  }
}
