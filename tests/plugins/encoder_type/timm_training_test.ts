/** Three training steps against timm in PyTorch: BatchNorm, LayerNorm, attention, convolutions. */
import { assertEquals, assertLess } from "@std/assert";
import { poolMaps, poolTokens } from "../../../engine/nn/pooling.ts";
import { Parameters } from "../../../engine/nn/scope.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { modelGraph } from "../../../engine/train/model.ts";
import { TrainState } from "../../../engine/train/state.ts";
import { TrainStep } from "../../../engine/train/step.ts";
import { sgd } from "../../../plugins/optimizer/SGD.ts";
import { timm } from "../../../plugins/encoder_type/timm.ts";
import type { Encoder } from "../../../registry/plugin.ts";
import { goldenJson } from "../../_golden.ts";
import { ruleNumbers, ruleWeights } from "../../_timm.ts";

/** What three steps changed in one tensor: the largest change, and changes in regular distances. */
interface Change {
  readonly largest: number;
  readonly samples: readonly number[];
}

interface Golden {
  readonly lr: number;
  readonly batch: number;
  readonly labels: readonly (readonly number[])[];
  readonly image_size: number;
  readonly cases: readonly {
    readonly model: string;
    readonly model_kwargs: Readonly<Record<string, unknown>>;
    readonly losses: readonly number[];
    readonly changes: Readonly<Record<string, Change>>;
  }[];
}

const SAMPLES = 12;
/** Share of the largest change of a tensor. */
const TOLERANCE = 5e-3;
/**
 * Share of the largest change of all that counts as one: a bias whose shift the next BatchNorm takes
 * away has rounding for a gradient.
 */
const ROUNDING = 1e-5;

const golden = goldenJson<Golden>("timm_training.json");
const families = goldenJson<Golden>("timm_training_families.json");
const sampleShape = [3, golden.image_size, golden.image_size];

function pool(encoder: Encoder, output: Tensor): Tensor {
  return encoder.output === "map"
    ? poolMaps(output)
    : poolTokens(output, "avg", encoder.numPrefixTokens ?? 0);
}

/** A model of timm with a linear head, at the weights of the rule. */
async function build(type: string, model_kwargs: Readonly<Record<string, unknown>>) {
  const parameters = new Parameters();
  const scope = parameters.scope();
  const config = {
    type,
    pretrained: false,
    input_channels: 3,
    model_kwargs,
    weights_file: null,
    weights_key: null,
  };
  const encoder = await timm.create(config, { scope, sampleShape, source: "images" });
  const head = scope.linear("head", encoder.embedDim, 3);
  const { loss, updates } = modelGraph({
    task: "Classification",
    subtask: "multiclass",
    numClasses: 3,
    bags: false,
    sampleShape,
    parameters: parameters.list(),
    forward({ features }, context) {
      return { logits: head(pool(encoder, encoder.forward(features, context)), context) };
    },
  }, { training: true });
  return { loss, updates, parameters: parameters.list() };
}

function changesOf(before: Float32Array, after: Float32Array): Change {
  const change = Array.from(after, (value, index) => value - before[index]);
  const stride = Math.max(1, Math.floor(change.length / SAMPLES));
  return {
    largest: change.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
    samples: change.filter((_, index) => index % stride === 0).slice(0, SAMPLES),
  };
}

for (const { model, model_kwargs, losses, changes } of [...golden.cases, ...families.cases]) {
  Deno.test(`three SGD steps change ${model} as they do in PyTorch`, async () => {
    const { loss, updates, parameters } = await build(model, model_kwargs);
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
      optimizer,
      parameterOptions: () => ({ lrScale: 1, weightDecay: 0 }),
    }, state);
    for (const [index, labels] of golden.labels.entries()) {
      const shape = [golden.batch, ...sampleShape];
      const pixels = ruleNumbers(`input${index}`, golden.batch * 3 * golden.image_size ** 2);
      const result = await step.run({
        features: { dtype: "float32", shape, data: Float32Array.from(pixels, (s) => 2 * s) },
        labels: { dtype: "int32", shape: [golden.batch], data: Int32Array.from(labels) },
        random_seed: { dtype: "uint32", shape: [], data: Uint32Array.of(index) },
      }, golden.lr);
      assertLess(Math.abs(Number(result.loss.data[0]) / losses[index] - 1), 1e-3);
    }
    await step.release();
    assertEquals(parameters.map(({ name }) => name).sort(), Object.keys(changes).sort());
    const most = Math.max(...Object.values(changes).map(({ largest }) => largest));
    for (const { name, shape } of parameters) {
      const { largest, samples } = changesOf(ruleWeights(name, shape), state.parameter(name).data);
      const expected = changes[name];
      const allowed = TOLERANCE * Math.max(expected.largest, ROUNDING * most);
      assertLess(Math.abs(largest - expected.largest), allowed, name);
      for (const [index, sample] of samples.entries()) {
        const difference = Math.abs(sample - expected.samples[index]);
        assertLess(difference, allowed, `${name} ${index}`);
      }
    }
  });
}
