/**
 * What a method of parameter-efficient fine-tuning promises.
 * @module
 */
import { input } from "../../engine/ir/create.ts";
import { gradients } from "../../engine/autodiff/backward.ts";
import { formatShape, sizeOf } from "../../engine/ir/dims.ts";
import { add, mul, tanh } from "../../engine/ir/elementwise.ts";
import { reduceMean } from "../../engine/ir/matrix.ts";
import { RandomStream } from "../../engine/nn/random.ts";
import { normal, ones, zeros } from "../../engine/nn/initializers.ts";
import {
  type ForwardContext,
  type Parameter,
  Parameters,
  type Scope,
} from "../../engine/nn/scope.ts";
import { namedLayer } from "../../engine/nn/wrap_scope.ts";
import { Random } from "../../engine/random.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { isSize, requireMask } from "../contract.ts";
import type { Calibration, Peft } from "../plugin.ts";
import {
  checkGraphGradients,
  checkRebuilding,
  expectNumbers,
  normals,
  runGraph,
  type SampleGraph,
  sampleWeights,
} from "./sample_graph.ts";
import { type Check, expect, type PluginUnderTest, sameValues } from "./plugin_under_test.ts";

const SAMPLES = 4;
const WIDTH = 6;
const CLASSES = 3;
const TOKENS = 2;
const ENCODER = "encoder.model";

type PeftUnderTest = PluginUnderTest<"peft">;

/** Promises of fine-tuning methods. */
export const peftChecks: readonly Check<"peft">[] = [
  { name: "keeps names, shapes and initial values of parameters", check: checkNames },
  { name: "lets something train", check: checkTraining },
  { name: "lets something of the encoder train", check: checkEncoderTraining },
  { name: "freezes something of the encoder", check: checkFreezing },
  { name: "chooses entries by their gradients alone", check: checkCalibration },
  { name: "keeps the layout of layers", check: checkLayout },
  { name: "has the gradients of finite differences", check: checkSlopes },
  { name: "computes the same bits when saved and built again", check: checkSaved },
];

interface SmallModel {
  readonly parameters: readonly Parameter[];
  readonly forward: (input: Tensor, context: ForwardContext) => Tensor;
  readonly calibration?: Calibration;
}

/** A model with parts called as timm calls them, with or without the method. */
function smallModel(peft: Peft | undefined): SmallModel {
  const parameters = new Parameters();
  const root = parameters.scope();
  const same = (scope: Scope) => scope;
  const { encoder, head } = peft ?? { encoder: same, head: same };
  const base = encoder.call(peft, root.child(ENCODER));
  const embed = base.child("patch_embed").linear("proj", WIDTH, WIDTH);
  const token = base.parameter("cls_token", [1, WIDTH], normal(0.02));
  const block = base.child("blocks").child("0");
  const layers = ["attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"].map((name) =>
    block.linear(name, WIDTH, WIDTH)
  );
  const network = namedLayer(block, "mlp_branch", WIDTH, (x) => tanh(x));
  const transform = namedLayer(base, "blocks.0", WIDTH, (x, context) => {
    const hidden = layers.reduce((value, layer) => tanh(layer(value, context)), x);
    return add(hidden, network(hidden, context));
  });
  const norms = ["blocks.0.norm1", "norm"].map((name) => {
    const place = base.child(name);
    return [place.parameter("weight", [WIDTH], ones), place.parameter("bias", [WIDTH], zeros)];
  });
  peft?.finish?.();
  const classifier = head.call(peft, root.child("head")).linear("fc.fc", WIDTH, CLASSES);
  return {
    parameters: parameters.list(),
    calibration: peft?.calibration,
    forward(samples, context) {
      const embedded = add(embed(samples, context), token); // [batch, tokens, width]
      const mixed = transform(embedded, context); // any number of tokens
      const scaled = norms.reduce((x, [weight, bias]) => add(mul(x, weight), bias), mixed);
      return classifier(reduceMean(scaled, { axes: [1] }), context); // [batch, classes]
    },
  };
}

function build({ plugin, options, context }: PeftUnderTest): SmallModel {
  return smallModel(plugin.create(options, context));
}

function graphOf({ parameters, forward }: SmallModel, training: boolean, seed = 1): SampleGraph {
  const random = new RandomStream(input("random_seed", "uint32", []));
  const samples = input("features", "float32", ["batch", TOKENS, WIDTH]);
  const shape = [SAMPLES, TOKENS, WIDTH];
  return {
    outputs: { logits: forward(samples, { training, random }) },
    parameters,
    differentiable: [],
    feeds: {
      features: { dtype: "float32", shape, data: normals(SAMPLES * TOKENS * WIDTH, seed) },
      random_seed: { dtype: "uint32", shape: [], data: Uint32Array.of(seed) },
    },
  };
}

/** A method may add parameters. Those that the model has without it are where weights are loaded. */
function checkNames(subject: PeftUnderTest): void {
  const found = new Map(build(subject).parameters.map((each) => [each.name, each]));
  for (const { name, shape, initializer } of smallModel(undefined).parameters) {
    const kept = found.get(name);
    const called = JSON.stringify(name);
    expect(kept !== undefined, `no parameter is called ${called} any more`);
    const shapes = `${formatShape(kept.shape)}, without the method ${formatShape(shape)}`;
    expect(formatShape(kept.shape) === formatShape(shape), `${called} has shape ${shapes}`);
    const [values, expected] = [kept.initializer, initializer].map((fill) =>
      fill(shape, new Random(1))
    );
    expect(sameValues(values, expected), `${called} starts from other values`);
  }
}

function checkTraining(subject: PeftUnderTest): void {
  const { parameters } = build(subject);
  expect(parameters.some((parameter) => parameter.trainable), "all parameters are frozen");
}

/** A parameter of the encoder, and how many of its entries train. */
interface EncoderEntries {
  readonly parameter: Parameter;
  readonly trainable: number;
}

/** What of the encoder trains, once a method that chooses entries has chosen them. */
function encoderEntries(subject: PeftUnderTest): readonly EncoderEntries[] {
  const { parameters, calibration } = build(subject);
  const own = parameters.filter(({ name }) => name.startsWith(`${ENCODER}.`));
  return own.map((parameter) => {
    const size = sizeOf(parameter.shape);
    if (!parameter.trainable) return { parameter, trainable: 0 };
    if (calibration === undefined) return { parameter, trainable: size };
    const mask = maskOf(calibration, parameter, 1);
    return { parameter, trainable: mask.reduce((sum, entry) => sum + entry, 0) };
  });
}

/** What a method chooses of a parameter by some gradient. */
function maskOf(
  calibration: Calibration,
  { name, shape }: Parameter,
  seed: number,
): Uint8Array<ArrayBuffer> {
  const gradient = normals(sizeOf(shape), seed);
  const own = name.slice(ENCODER.length + 1);
  return requireMask(calibration.mask({ name: own, shape, gradient }), { name, shape, gradient });
}

/** A method that is meant to freeze the encoder skips this. */
async function checkEncoderTraining(subject: PeftUnderTest): Promise<void> {
  const names = encoderEntries(subject).filter(({ trainable }) => trainable > 0)
    .map(({ parameter: { name } }) => name);
  expect(names.length > 0, "all parameters of the encoder are frozen");
  const model = build(subject);
  const graph = graphOf(model, true);
  const trained = model.parameters.filter(({ name }) => names.includes(name));
  const loss = reduceMean(tanh(graph.outputs.logits));
  const slopes = gradients(loss, trained.map(({ tensor }) => tensor));
  const outputs = Object.fromEntries(slopes.map((slope, index) => [`slope ${index}`, slope]));
  const found = await runGraph({ ...graph, outputs }, sampleWeights(model.parameters, 1));
  const flows = Object.values(found).some(({ data }) => data.some((value) => Number(value) !== 0));
  expect(flows, "no gradient reaches what trains of the encoder");
}

/** A method that is meant to train everything skips this. */
function checkFreezing(subject: PeftUnderTest): void {
  const freezes = encoderEntries(subject).some(({ parameter, trainable }) =>
    trainable < sizeOf(parameter.shape)
  );
  expect(freezes, "all parameters of the encoder train");
}

/** For methods that choose entries before training. */
function checkCalibration(subject: PeftUnderTest): void {
  const { parameters, calibration } = build(subject);
  if (calibration === undefined) return;
  const { batches } = calibration;
  expect(isSize(batches), `it looks at ${batches} batches`);
  const other = build(subject).calibration!;
  for (const parameter of parameters) {
    if (!parameter.trainable || !parameter.name.startsWith(`${ENCODER}.`)) continue;
    const [first, again] = [calibration, other].map((each) => maskOf(each, parameter, 2));
    const called = JSON.stringify(parameter.name);
    expect(sameValues(first, again), `it chooses other entries of ${called} the second time`);
  }
}

async function checkLayout(subject: PeftUnderTest): Promise<void> {
  for (const training of [false, true]) {
    const model = build(subject);
    const { logits } = await runGraph(graphOf(model, training), sampleWeights(model.parameters, 1));
    expectNumbers(logits, "logits", [SAMPLES, CLASSES]);
  }
}

async function checkSlopes(subject: PeftUnderTest): Promise<void> {
  const flows = await checkGraphGradients((seed) => graphOf(build(subject), true, seed));
  expect(flows, "no gradient reaches what trains");
}

async function checkSaved(subject: PeftUnderTest): Promise<void> {
  await checkRebuilding(() => graphOf(build(subject), false));
}
