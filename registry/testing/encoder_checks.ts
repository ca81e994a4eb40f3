/**
 * What an encoder promises.
 * @module
 */
import { input } from "../../engine/ir/create.ts";
import { formatShape, sizeOf } from "../../engine/ir/dims.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { RandomStream } from "../../engine/nn/random.ts";
import { type Parameter, Parameters } from "../../engine/nn/scope.ts";
import { moduleUrl } from "../../engine/platform/host.ts";
import { Session } from "../../engine/runtime/session.ts";
import { openSplitSource } from "../../engine/data/open_source.ts";
import type { Encoder, EncoderPlugin } from "../plugin.ts";
import {
  checkGraphGradients,
  checkRebuilding,
  expectClose,
  expectNumbers,
  normals,
  runGraph,
  type SampleGraph,
  sampleWeights,
} from "./sample_graph.ts";
import { type Check, expect, type PluginUnderTest } from "./plugin_under_test.ts";
import type {} from "./sample_source.ts"; // so that packages take it along

const SAMPLES = 3;
/** Shapes of samples that are tried where neither the author nor the plugin names one. */
const SHAPES: readonly (readonly number[])[] = [[1], [8], [3, 32, 32], [3, 224, 224]];

type EncoderUnderTest = PluginUnderTest<"encoder_type">;

/** An encoder with what it is fed. */
interface Built {
  readonly encoder: Encoder;
  readonly parameters: readonly Parameter[];
  /** Shape of a sample as the dataset gives it. */
  readonly sampleShape: readonly number[];
  /** Shape of a sample as the graph takes it. */
  readonly inputShape: readonly number[];
}

/** Promises of encoders. */
export const encoderChecks: readonly Check<"encoder_type">[] = [
  { name: "accepts samples of some shape", check: async (subject) => void await build(subject) },
  { name: "gives finite output of the announced layout", check: checkOutput },
  { name: "draws no random numbers in evaluation", check: checkSteady },
  { name: "encodes a sample alone as in a batch", check: checkCompany },
  { name: "has the gradients of finite differences", check: checkSlopes },
  { name: "computes the same bits when saved and built again", check: checkSaved },
  { name: "reads samples as it announces", check: checkReader },
];

async function build(subject: EncoderUnderTest): Promise<Built> {
  const { shapes, chosen } = shapesOf(subject);
  let refusal: unknown;
  for (const sampleShape of shapes) {
    try {
      return await createEncoder(subject, sampleShape);
    } catch (error) {
      if (chosen) throw error;
      refusal = error;
    }
  }
  const tried = shapes.map(formatShape).join(", ");
  const reason = refusal instanceof Error ? refusal.message : String(refusal);
  throw new Error(`it refuses samples of ${tried}, give context.sampleShape: ${reason}`, {
    cause: refusal,
  });
}

function shapesOf(
  { plugin, options, context }: EncoderUnderTest,
): { readonly shapes: typeof SHAPES; readonly chosen: boolean } {
  if (context.sampleShape) return { shapes: [context.sampleShape], chosen: true };
  const { preprocessing } = plugin as EncoderPlugin;
  if (preprocessing === undefined) return { shapes: SHAPES, chosen: false };
  const { channels, nominalSize = [224, 224], imageSize = nominalSize } = preprocessing.call(
    plugin,
    options,
  );
  return { shapes: [[channels, ...imageSize]], chosen: true };
}

async function createEncoder(
  { plugin, options, context }: EncoderUnderTest,
  sampleShape: readonly number[],
): Promise<Built> {
  const parameters = new Parameters();
  const scope = parameters.scope().child("encoder.model");
  const encoder = await plugin.create(options, {
    source: "samples of a check",
    ...context,
    sampleShape,
    scope,
  });
  const inputShape = encoder.reader?.inputShape ?? sampleShape;
  return { encoder, parameters: parameters.list(), sampleShape, inputShape };
}

function graphOf(
  { encoder, parameters, inputShape }: Built,
  training: boolean,
  seed = 1,
): SampleGraph {
  const random = new RandomStream(input("random_seed", "uint32", []));
  const samples = input("features", "float32", ["batch", ...inputShape]);
  const embeddings = encoder.forward(samples, { training, random });
  const feeds = {
    random_seed: { dtype: "uint32", shape: [], data: Uint32Array.of(seed) },
    ...samplesFeed(inputShape, normals(SAMPLES * sizeOf(inputShape), seed)),
  } as const;
  return { outputs: { embeddings }, parameters, differentiable: [], feeds };
}

function samplesFeed(inputShape: readonly number[], data: Float32Array): SampleGraph["feeds"] {
  const shape = [data.length / sizeOf(inputShape), ...inputShape];
  return { features: { dtype: "float32", shape, data } };
}

async function checkOutput(subject: EncoderUnderTest): Promise<void> {
  for (const training of [false, true]) {
    const built = await build(subject);
    const graph = graphOf(built, training);
    expectLayout(built.encoder, graph.outputs.embeddings);
    const weights = sampleWeights(built.parameters, 1);
    const { embeddings } = await runGraph(graph, weights);
    const [, ...others] = embeddings.shape;
    expectNumbers(embeddings, "embeddings", [SAMPLES, ...others]);
    const { output, embedDim } = built.encoder;
    const width = output === "tokens" ? others.at(-1) : others[0];
    expect(width === embedDim, `embeddings are ${width} wide, embedDim is ${embedDim}`);
  }
}

const RANKS: Readonly<Record<Encoder["output"], number>> = { features: 2, tokens: 3, map: 4 };

function expectLayout(encoder: Encoder, { shape, dtype }: Tensor): void {
  const { output, numPrefixTokens: prefix = 0, hasClassToken: hasClass } = encoder;
  expect(Object.hasOwn(RANKS, output), `its output is ${JSON.stringify(output)}`);
  const found = `its output is ${dtype} ${formatShape(shape)}`;
  expect(dtype === "float32" && shape.length === RANKS[output], `${found}, announced: ${output}`);
  if (output !== "tokens") return;
  const tokens = shape[1];
  const patches = typeof tokens === "number" ? tokens - prefix : 1;
  expect(patches >= 1, `${found}, of which ${prefix} tokens precede the patches`);
  expect(!hasClass || prefix >= 1, "it has a class token and no prefix tokens");
}

/** Only a graph that draws random numbers has their seed among its inputs. */
async function checkSteady(subject: EncoderUnderTest): Promise<void> {
  const session = await Session.create(graphOf(await build(subject), false).outputs);
  const steady = !session.inputs.has("random_seed");
  await session.release();
  expect(steady, "its evaluation depends on the seed");
}

async function checkCompany(subject: EncoderUnderTest): Promise<void> {
  const built = await build(subject);
  const graph = graphOf(built, false);
  const weights = sampleWeights(built.parameters, 1);
  const together = (await runGraph(graph, weights)).embeddings.data as Float32Array;
  const samples = graph.feeds.features.data as Float32Array;
  const [width, outputs] = [samples.length / SAMPLES, together.length / SAMPLES];
  for (let index = 0; index < SAMPLES; index++) {
    const sample = samples.slice(index * width, (index + 1) * width);
    const feeds = { ...graph.feeds, ...samplesFeed(built.inputShape, sample) };
    const { embeddings } = await runGraph({ ...graph, feeds }, weights);
    expectClose(
      embeddings.data as Float32Array,
      together.slice(index * outputs, (index + 1) * outputs),
      `the embedding of sample ${index} changes with its neighbours`,
    );
  }
}

async function checkSlopes(subject: EncoderUnderTest): Promise<void> {
  const { parameters } = await build(subject);
  if (!parameters.some((parameter) => parameter.trainable)) return;
  const flows = await checkGraphGradients(async (seed) =>
    graphOf(await build(subject), true, seed)
  );
  expect(flows, "no gradient reaches its parameters");
}

async function checkSaved(subject: EncoderUnderTest): Promise<void> {
  await checkRebuilding(async () => graphOf(await build(subject), false));
}

/** The stage before the graph, run on samples of the dataset's shape. */
async function checkReader(subject: EncoderUnderTest): Promise<void> {
  const { encoder: { reader }, sampleShape, inputShape } = await build(subject);
  if (reader === undefined) return;
  const module = moduleUrl(new URL("./sample_source.ts", import.meta.url)).href;
  const wrapped = structuredClone(reader.wrap({ module, options: { sampleShape } }));
  const source = await openSplitSource({ name: "samples", source: wrapped });
  try {
    const [both, second] = [
      await source.read(Int32Array.of(4, 7)),
      await source.read(Int32Array.of(7)),
    ];
    const size = sizeOf(inputShape);
    const sizes = `${both.features.length} values for 2 samples of ${formatShape(inputShape)}`;
    expect(both.features.length === 2 * size, `its reader gives ${sizes}`);
    expect(both.features.every(Number.isFinite), "its reader gives values that are not finite");
    const state = "what its reader makes of a sample changes with its neighbours";
    expectClose(second.features, both.features.slice(size), state);
    const ahead = await Promise.all([4, 7].map((index) => source.read(Int32Array.of(index))));
    for (const [row, { features }] of ahead.entries()) {
      const alone = both.features.slice(row * size, (row + 1) * size);
      expectClose(
        features,
        alone,
        "what its reader makes of a sample changes with others on the way",
      );
    }
  } finally {
    source.close();
  }
}
