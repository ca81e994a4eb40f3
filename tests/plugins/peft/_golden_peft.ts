/** Compares PEFT methods with PyTorch: outputs, first gradients, three steps of SGD. */
import { assert, assertEquals, assertLess } from "@std/assert";
import * as v from "valibot";
import { gradients } from "../../../engine/autodiff/backward.ts";
import { poolTokens } from "../../../engine/nn/pooling.ts";
import { type Parameter, Parameters } from "../../../engine/nn/scope.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { Session, type Value } from "../../../engine/runtime/session.ts";
import { freezeMasked, type Masks } from "../../../engine/train/masks.ts";
import { modelGraph } from "../../../engine/train/model.ts";
import { TrainState } from "../../../engine/train/state.ts";
import { TrainStep } from "../../../engine/train/step.ts";
import { timm } from "../../../plugins/encoder_type/timm.ts";
import { sgd } from "../../../plugins/optimizer/SGD.ts";
import type { Peft, Plugin } from "../../../registry/plugin.ts";
import { readJson, relativeError } from "../../_golden.ts";
import { ruleNumbers, ruleWeights } from "../../_timm.ts";

/** The largest number of a tensor, and numbers in regular distances. */
interface Sampled {
  readonly largest: number;
  readonly samples: readonly number[];
}

interface Case {
  readonly method: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly names: readonly string[];
  readonly logits: readonly number[];
  readonly losses: readonly number[];
  readonly gradients: Readonly<Record<string, Sampled>>;
  readonly changes: Readonly<Record<string, Sampled>>;
}

interface Golden {
  readonly lr: number;
  readonly batch: number;
  readonly labels: readonly (readonly number[])[];
  readonly image_size: number;
  readonly model_kwargs: Readonly<Record<string, unknown>>;
  readonly cases: readonly Case[];
}

const SAMPLES = 12;
/** Share of the largest number of a tensor. */
const TOLERANCE = 5e-3;
/** The gradient of what PyTorch gives none. */
const NONE: Sampled = { largest: 0, samples: Array(SAMPLES).fill(0) };

const golden = readJson<Golden>("peft/peft.json");
const sampleShape = [3, golden.image_size, golden.image_size];

async function build<C>(plugin: Plugin<"peft", C>, options: Readonly<Record<string, unknown>>) {
  const parameters = new Parameters();
  const root = parameters.scope();
  const peft = plugin.create(v.parse(plugin.config, options), {});
  const config = v.parse(timm.config, {
    type: "test_vit",
    pretrained: false,
    model_kwargs: golden.model_kwargs,
  });
  const encoder = await timm.create(config, {
    scope: peft.encoder(root),
    sampleShape,
    source: "images",
  });
  peft.finish?.();
  const head = peft.head(root).linear("head", encoder.embedDim, 3);
  const graph = modelGraph({
    task: "Classification",
    subtask: "multiclass",
    numClasses: 3,
    bags: false,
    sampleShape,
    parameters: parameters.list(),
    forward({ features }, context) {
      const tokens = encoder.forward(features, context);
      const embedding = poolTokens(tokens, "avg", encoder.numPrefixTokens ?? 0);
      return { logits: head(embedding, context), losses: peft.losses?.(context) };
    },
  }, { training: true });
  const built = { ...graph, parameters: parameters.list(), peft };
  const masks = await masksOf(built);
  return { ...built, parameters: freezeMasked(built.parameters, masks), masks };
}

/** The entries that a method chooses, by the gradients of a batch of its own. */
async function masksOf(
  { parameters, loss, peft: { calibration } }: {
    readonly parameters: readonly Parameter[];
    readonly loss: Tensor;
    readonly peft: Peft;
  },
): Promise<Masks> {
  if (calibration === undefined) return new Map();
  const trained = parameters.filter(({ name, trainable }) =>
    trainable && !name.startsWith("head.")
  );
  const found = gradients(loss, trained.map(({ tensor }) => tensor));
  const outputs = Object.fromEntries(found.entries());
  const session = await Session.create(outputs);
  const results = await session.run({ ...batchOf(0, "calibration"), ...weightsOf(parameters) });
  await session.release();
  return new Map(trained.map(({ name, shape }, index) => {
    const gradient = results[index].data as Float32Array<ArrayBuffer>;
    return [name, calibration.mask({ name, shape, gradient })];
  }));
}

function weightsOf(parameters: readonly Parameter[]): Record<string, Value> {
  return Object.fromEntries(
    parameters.map(({ name, shape }): [string, Value] => [
      name,
      { dtype: "float32", shape, data: ruleWeights(name, shape) },
    ]),
  );
}

function batchOf(step: number, images = `input${step}`): Record<string, Value> {
  const pixels = ruleNumbers(images, golden.batch * 3 * golden.image_size ** 2);
  return {
    features: {
      dtype: "float32",
      shape: [golden.batch, ...sampleShape],
      data: Float32Array.from(pixels, (s) => 2 * s),
    },
    labels: {
      dtype: "int32",
      shape: [golden.batch],
      data: Int32Array.from(golden.labels[step]),
    },
    random_seed: { dtype: "uint32", shape: [], data: Uint32Array.of(step) },
  };
}

function assertSampled(values: ArrayLike<number>, expected: Sampled, name: string): void {
  const numbers = Array.from(values);
  const stride = Math.max(1, Math.floor(numbers.length / SAMPLES));
  const samples = numbers.filter((_, index) => index % stride === 0).slice(0, SAMPLES);
  const largest = numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  // A gradient that is zero but for rounding has no scale of its own.
  const allowed = TOLERANCE * expected.largest + 1e-7;
  assertLess(Math.abs(largest - expected.largest), allowed, name);
  for (const [index, sample] of samples.entries()) {
    assertLess(Math.abs(sample - expected.samples[index]), allowed, `${name} ${index}`);
  }
}

type Built<C> = Awaited<ReturnType<typeof build<C>>>;

async function checkFirstStep<C>(built: Built<C>, expected: Case): Promise<void> {
  const trained = built.parameters.filter(({ trainable }) => trainable);
  const found = gradients(built.loss, trained.map(({ tensor }) => tensor));
  const outputs = Object.fromEntries(found.map((each, index) => [`gradient${index}`, each]));
  const session = await Session.create({ ...outputs, logits: built.output.logits });
  const results = await session.run({ ...batchOf(0), ...weightsOf(built.parameters) });
  await session.release();
  assertLess(relativeError(results.logits.data as Float32Array, expected.logits), 1e-4);
  for (const [index, { name }] of trained.entries()) {
    const mask = built.masks.get(name);
    const data = results[`gradient${index}`].data as Float32Array;
    assertSampled(
      mask ? data.map((value, i) => value * mask[i]) : data,
      expected.gradients[name] ?? NONE,
      name,
    );
  }
}

async function checkSteps<C>(
  { parameters, loss, updates, masks, peft }: Built<C>,
  expected: Case,
) {
  const optimizer = sgd.create({ nesterov: false }, { lr: golden.lr });
  const state = await TrainState.create(parameters, 0);
  for (const { name, shape } of parameters) {
    state.parameter(name).data.set(ruleWeights(name, shape));
  }
  await state.addOptimizer(parameters, optimizer);
  const step = await TrainStep.create({
    parameters,
    loss,
    outputs: {},
    updates,
    masks,
    hook: peft.stepHook?.({ updates: expected.losses.length }),
    optimizer,
    parameterOptions: () => ({ lrScale: 1, weightDecay: 0 }),
  }, state);
  for (const [index, wanted] of expected.losses.entries()) {
    const found = Number((await step.run(batchOf(index), golden.lr)).loss.data[0]);
    assertLess(Math.abs(found - wanted), 1e-3 * wanted, `loss of step ${index}`);
  }
  await step.release();
  for (const { name, shape, trainable } of parameters) {
    const [before, after] = [ruleWeights(name, shape), state.parameter(name).data];
    if (!trainable) assertEquals(after, before, name);
    else assertSampled(after.map((value, i) => value - before[i]), expected.changes[name], name);
  }
}

const trainedNames = (parameters: readonly Parameter[]) =>
  parameters.filter(({ trainable }) => trainable).map(({ name }) => name).sort();

/**
 * Compares a method with PyTorch, in every case of it that there is.
 * @param plugin The method.
 */
export function testAgainstPyTorch<C>(plugin: Plugin<"peft", C>): void {
  const cases = golden.cases.filter(({ method }) => method === plugin.key);
  assert(cases.length > 0, `no case of ${plugin.key}`);
  for (const expected of cases) {
    const settings = JSON.stringify(expected.options);
    Deno.test(`${plugin.key} ${settings} trains as in PyTorch`, async () => {
      const built = await build(plugin, expected.options);
      assertEquals(trainedNames(built.parameters), Object.keys(expected.changes).sort());
      const named = built.parameters.filter(({ name }) => !name.startsWith("head."));
      const names = named.map(({ name }) => built.peft.otherName?.(name) ?? name);
      assertEquals(names.sort(), expected.names);
      await checkFirstStep(built, expected);
      await checkSteps(built, expected);
    });
  }
}
