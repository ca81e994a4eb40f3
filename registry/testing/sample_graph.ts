/**
 * Graphs over parameters as plugins build them, with values for everything that is fed.
 * @module
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatShape, sizeOf } from "../../engine/ir/dims.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import type { StartOf } from "../../engine/nn/initializers.ts";
import type { Parameter } from "../../engine/nn/scope.ts";
import { deriveSeed, Random } from "../../engine/random.ts";
import { Session, type Value } from "../../engine/runtime/session.ts";
import { WeightsFile } from "../../engine/storage/weights_file.ts";
import {
  OrderedDict,
  storedTensor,
  writeTorchFile,
} from "../../engine/storage/torch/torch_file.ts";
import { readInitialWeights } from "../../engine/train/init_checkpoint.ts";
import { checkGradients } from "./gradient_check.ts";
import { expect } from "./plugin_under_test.ts";

/** Values of parameters, by name. */
export type Weights = ReadonlyMap<string, Float32Array>;

/** A graph, and what is fed to it besides the parameters. */
export interface SampleGraph {
  /** What it computes, by name; `float32`. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Its parameters. */
  readonly parameters: readonly Parameter[];
  /** Graph inputs that carry gradients to layers before this graph. */
  readonly differentiable: readonly Tensor[];
  /** Values of all graph inputs that are not parameters. */
  readonly feeds: Readonly<Record<string, Value>>;
}

/** How far from its initial value a trainable entry is put, so that zeros do not hide gradients. */
const SPREAD = 0.05;
/** Points at which gradients are compared: at one of three no kink should be near. */
const POINTS = 3;

/**
 * Draws numbers of mean 0 and deviation 1.
 * @param count How many.
 * @param seed The same seed gives the same numbers.
 */
export function normals(count: number, seed: number): Float32Array<ArrayBuffer> {
  const random = new Random(seed);
  return Float32Array.from({ length: count }, () => random.normal());
}

/**
 * Makes values for parameters: near the initial ones where they train, the initial ones elsewhere.
 * @param parameters The parameters.
 * @param seed The same seed gives the same values.
 * @throws {Error} if an initializer gives values of another number.
 */
export function sampleWeights(parameters: readonly Parameter[], seed: number): Weights {
  const weights = new Map<string, Float32Array<ArrayBuffer>>();
  const byInput = new Map(parameters.map(({ name, tensor }) => [tensor.node, name]));
  const startOf: StartOf = ({ node }) => {
    const values = weights.get(byInput.get(node) ?? "");
    if (values !== undefined) return values;
    throw new TypeError("an initializer asks for what is not an earlier parameter");
  };
  for (const { name, shape, trainable, initializer } of parameters) {
    const random = new Random(deriveSeed(seed, name));
    const values = initializer(shape, random, startOf);
    const sizes = `${values.length} initial values for shape ${formatShape(shape)}`;
    expect(values.length === sizeOf(shape), `parameter ${JSON.stringify(name)} gets ${sizes}`);
    expect(
      values.every(Number.isFinite),
      `initial values of ${JSON.stringify(name)} are not finite`,
    );
    weights.set(name, trainable ? values.map((value) => value + SPREAD * random.normal()) : values);
  }
  return weights;
}

/**
 * Computes a graph once.
 * @param graph The graph.
 * @param weights Values of its parameters.
 * @returns The outputs by name.
 */
export async function runGraph(
  graph: SampleGraph,
  weights: Weights,
): Promise<Readonly<Record<string, Value>>> {
  const session = await Session.create(graph.outputs, { threads: 1 });
  const results = await session.run({ ...graph.feeds, ...weightFeeds(graph, weights) });
  await session.release();
  return results;
}

function weightFeeds({ parameters }: SampleGraph, weights: Weights): Record<string, Value> {
  return Object.fromEntries(parameters.map(({ name, shape }): [string, Value] => {
    return [name, { dtype: "float32", shape, data: weights.get(name)! }];
  }));
}

/**
 * Requires that a value has a shape and holds numbers.
 * @param value The value.
 * @param what What it is called.
 * @param shape Its shape.
 */
export function expectNumbers(value: Value, what: string, shape: readonly number[]): void {
  const found = `${what} are ${value.dtype} ${formatShape(value.shape)}`;
  const wanted = `expected float32 ${formatShape(shape)}`;
  const fits = value.dtype === "float32" && formatShape(value.shape) === formatShape(shape);
  expect(fits, `${found}, ${wanted}`);
  const at = (value.data as Float32Array).findIndex((entry) => !Number.isFinite(entry));
  expect(at < 0, `${what} hold ${value.data[at]} at ${at}`);
}

/**
 * Requires that two arrays agree up to rounding.
 * @param actual Values.
 * @param expected Values.
 * @param state What differs, in words.
 */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  state: string,
): void {
  let [scale, worst] = [1e-3, 0];
  for (let i = 0; i < expected.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i]));
    worst = Math.max(worst, Math.abs(actual[i] - expected[i]));
  }
  const error = (worst / scale).toPrecision(2);
  expect(actual.length === expected.length && worst <= 1e-4 * scale, `${state} by ${error}`);
}

/**
 * Checks the gradients of each output by trainable parameters and by differentiable inputs.
 * @param build Makes the graph for a seed of its samples.
 * @returns Whether a gradient reaches what trains, or an input where nothing does.
 * @throws {Error} if gradients differ from finite differences at several points.
 */
export async function checkGraphGradients(
  build: (seed: number) => SampleGraph | Promise<SampleGraph>,
): Promise<boolean> {
  let failure: unknown;
  for (let seed = 1; seed <= POINTS; seed++) {
    const graph = await build(seed);
    const trainable = graph.parameters.filter((parameter) => parameter.trainable);
    const wrt = [...trainable.map(({ tensor }) => tensor), ...graph.differentiable];
    if (wrt.length === 0) return false;
    const feeds = { ...graph.feeds, ...weightFeeds(graph, sampleWeights(graph.parameters, seed)) };
    try {
      let flows = false;
      for (const output of Object.values(graph.outputs)) {
        const found = await checkGradients({ outputs: [output], wrt, feeds });
        const reached = found.slice(0, Math.max(1, trainable.length));
        flows ||= reached.some(({ data }) => data.some((entry) => Number(entry) !== 0));
      }
      failure = undefined;
      if (flows) return true;
    } catch (error) {
      failure = error;
    }
  }
  if (failure !== undefined) throw failure;
  return false;
}

/**
 * Checks that a graph built anew, over weights that went through a PyTorch file, computes the same
 * bits.
 * @param build Makes the graph.
 * @throws {Error} if names, shapes or numbers differ.
 */
export async function checkRebuilding(
  build: () => SampleGraph | Promise<SampleGraph>,
): Promise<void> {
  const first = await build();
  const weights = sampleWeights(first.parameters, 1);
  const second = await build();
  const described = ({ parameters }: SampleGraph) =>
    parameters.map(({ name, shape }) => `${name} ${formatShape(shape)}`).join(", ");
  const [before, after] = [described(first), described(second)];
  expect(before === after, `parameters were ${before}, built again they are ${after}`);
  const loaded = weights.size > 0 ? await throughFile(second.parameters, weights) : weights;
  const expected = await runGraph(first, weights);
  const actual = await runGraph(second, loaded);
  for (const [name, { data }] of Object.entries(expected)) {
    const at = data.findIndex((entry, index) => !Object.is(entry, actual[name].data[index]));
    expect(at < 0, `${name} were ${data[at]} at ${at}, built again ${actual[name].data[at]}`);
  }
}

async function throughFile(parameters: readonly Parameter[], weights: Weights): Promise<Weights> {
  const folder = await mkdtemp(join(tmpdir(), "glovita-"));
  try {
    const file = join(folder, "weights.pt");
    const tensors = parameters.map(({ name, shape }) =>
      [name, storedTensor("float32", shape, weights.get(name)!)] as const
    );
    await writeTorchFile(file, { model: new OrderedDict(tensors) });
    using written = WeightsFile.open(file);
    return readInitialWeights(written, { parameters }).values;
  } finally {
    await rm(folder, { recursive: true });
  }
}
