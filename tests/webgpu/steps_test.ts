/** Training steps of whole models on WebGPU, beside those of the CPU. */
import { assert, assertEquals, assertLess, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DeviceError } from "../../engine/errors.ts";
import { sizeOf } from "../../engine/ir/dims.ts";
import { reduceMean } from "../../engine/ir/matrix.ts";
import { conv } from "../../engine/ir/windows.ts";
import { normal } from "../../engine/nn/initializers.ts";
import { Parameters } from "../../engine/nn/scope.ts";
import { DeviceStep, type DeviceStepPlan } from "../../engine/train/device_step.ts";
import { batchFeeds, type Model, modelGraph } from "../../engine/train/model.ts";
import { TrainState } from "../../engine/train/state.ts";
import { TrainStep } from "../../engine/train/step.ts";
import { cifar10 } from "../../plugins/dataset/cifar10.ts";
import { precomputedFeatures } from "../../plugins/dataset/precomputed_features.ts";
import { precomputed } from "../../plugins/encoder_type/precomputed.ts";
import { timm } from "../../plugins/encoder_type/timm.ts";
import { clam } from "../../plugins/head_type/clam.ts";
import "../../plugins/mod.ts";
import { adamW } from "../../plugins/optimizer/AdamW.ts";
import { buildModel } from "../../registry/builder/build_model.ts";
import { configure } from "../../registry/configure.ts";
import { numbers } from "../engine/_run.ts";
import { gpuTest, relativeError } from "./_adapter.ts";
import { type Placement, readPlacement } from "./_placement.ts";

/** Largest difference of a loss within the steps of AdamW, relative to the largest loss. */
const TOLERANCE = 1e-4;
/** Steps that are compared. */
const STEPS = 3;
const LR = 1e-3;
const SIDE = 32;

function imageModel(type: string, model_kwargs = {}): Promise<Model> {
  return buildModel([
    configure(cifar10, { augmentation: { train_policy: "default" } }),
    configure(timm, { type, pretrained: false, model_kwargs }),
  ], { sampleShape: [3, SIDE, SIDE] });
}

function featureModel(bags: boolean): Promise<Model> {
  const files = { train_features_file: "train.h5", val_features_file: "val.h5" };
  return buildModel([
    configure(precomputedFeatures, { num_classes: 2, ...files }),
    configure(precomputed, { feature_dim: 12 }),
    ...bags ? [configure(clam, { variant: "sb", size_arg: "tiny" })] : [],
  ], { sampleShape: [12], bags });
}

/** Feeds of a batch of four samples, or of four bags. */
function feedsOf(model: Model, step: number) {
  const lengths = model.bags ? Int32Array.of(3, 9, 4, 8) : undefined;
  const rows = lengths ? 24 : 4;
  const features = Float32Array.from(numbers(rows * sizeOf(model.sampleShape as number[]), step));
  const labels = Int32Array.of(0, 1, 1, 0);
  const indices = Int32Array.of(0, 1, 2, 3);
  return batchFeeds({ features, rows, size: 4, lengths, labels, indices }, model, step);
}

interface PlanOptions extends Partial<DeviceStepPlan> {
  /** About how many rows a batch has, as far as the graph goes by it. */
  readonly expectedRows?: number;
}

async function planOf(model: Model, { expectedRows, ...options }: PlanOptions = {}) {
  const { loss, scores, updates } = modelGraph(model, { training: true, expectedRows });
  const optimizer = adamW.create({}, { lr: LR });
  const { parameters } = model;
  const state = await TrainState.create(parameters, 0);
  await state.addOptimizer(parameters, optimizer);
  const plan: DeviceStepPlan = {
    parameters,
    loss,
    outputs: { scores },
    updates,
    optimizer,
    parameterOptions: () => ({ lrScale: 1, weightDecay: 0.05 }),
    clipNorm: 1,
    session: { device: "webgpu" as const },
    ...options,
  };
  return { plan, state };
}

async function lossesOn(
  step: TrainStep | DeviceStep,
  model: Model,
): Promise<number[]> {
  const losses: number[] = [];
  for (let i = 0; i < STEPS; i++) {
    const { loss } = await step.run(feedsOf(model, i), LR, i === STEPS - 1);
    losses.push(Number(loss.data[0]));
  }
  return losses;
}

/** Trains in both places; the device's nodes must be where they belong. */
async function compare(
  model: Model,
  { uploads, downloads = 0, onCpu = [], ...options }: PlanOptions & Partial<Placement> = {},
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const cpu = await planOf(model, options);
  const exact = await TrainStep.create({ ...cpu.plan, session: { threads: 1 } }, cpu.state);
  const expected = await lossesOn(exact, model);
  await exact.release();
  const session = { device: "webgpu", profile: join(folder, "profile") } as const;
  const gpu = await planOf(model, { ...options, session });
  const onGpu = await DeviceStep.create(gpu.plan, gpu.state);
  await onGpu.check(feedsOf(model, 0));
  const found = await lossesOn(onGpu, model);
  await gpu.state.download(gpu.plan.session);
  const values = model.parameters.flatMap(({ name }) => [...gpu.state.parameter(name).data]);
  await gpu.state.leaveDevice();
  await onGpu.release();
  const placement = readPlacement(folder);
  assertEquals(placement, { onCpu, downloads, uploads: uploads ?? placement.uploads });
  await Deno.remove(folder, { recursive: true });
  assertLess(relativeError(found, expected), TOLERANCE);
  assert(values.every(Number.isFinite));
}

gpuTest("a linear head trains on WebGPU as on the CPU", async () => {
  await compare(await featureModel(false), { uploads: 1 });
});

gpuTest("gradients of several batches add up on WebGPU, and masked entries stay", async () => {
  const model = await featureModel(false);
  const [{ name, shape }] = model.parameters;
  const half = Uint8Array.from({ length: sizeOf(shape as number[]) }, (_, i) => i % 2);
  await compare(model, { accumulate: 2, masks: new Map([[name, half]]) });
});

gpuTest("CLAM trains on WebGPU as on the CPU", async () => {
  await compare(await featureModel(true), { uploads: 3 });
});

gpuTest("CLAM that is computed in blocks of rows trains on WebGPU as on the CPU", async () => {
  await compare(await featureModel(true), { expectedRows: 2400 });
});

gpuTest("a ViT trains on WebGPU as on the CPU", async () => {
  await compare(await imageModel("test_vit", { img_size: SIDE }), { uploads: 1 });
});

gpuTest(
  "a ResNet, with max pooling and running statistics, trains on WebGPU as on the CPU",
  async () => {
    // Sizes of batches that running statistics are of, and what goes through the pooling and back.
    const pooled = { onCpu: ["MaxPool"], downloads: 1 };
    await compare(await imageModel("test_resnet"), { ...pooled, uploads: 18 });
  },
);

gpuTest("a ConvNeXt trains on WebGPU as on the CPU", async () => {
  // Gradients of 7 by 7 windows take long in software.
  const small = { depths: [1, 1, 1, 1], kernel_sizes: [3, 3, 3, 7] };
  await compare(await imageModel("test_convnext", small), { uploads: 1 });
});

gpuTest("training with a convolution that WebGPU gets wrong is refused by name", async () => {
  const parameters = new Parameters();
  const weight = parameters.scope().parameter("weight", [4, 6, 3, 3], normal(0.1));
  const model: Model = {
    ...{ task: "Classification", subtask: "multiclass", numClasses: 4 },
    bags: false,
    sampleShape: [6, 8, 8],
    parameters: parameters.list(),
    forward: ({ features }) => (
      { logits: reduceMean(conv(features, weight, { padding: 1 }), { axes: [2, 3] }) }
    ),
  };
  const { plan, state } = await planOf(model);
  const step = await DeviceStep.create(plan, state);
  const { message } = await assertRejects(() => step.check(feedsOf(model, 0)), DeviceError);
  assertMatch(message, /Conv "\S+" is wrong\. Use device cpu/);
  await step.release();
});

/** Bytes; a parameter of 131 kB and its two moments, kept in each of 400 steps, would be 157 MB. */
const LEAK = 60e6;

gpuTest("memory stays flat over 500 steps on WebGPU", async () => {
  const parameters = new Parameters();
  const fc = parameters.scope().linear("fc", 512, 64);
  const model: Model = {
    ...{ task: "Classification", subtask: "multiclass", numClasses: 64 },
    bags: false,
    sampleShape: [512],
    parameters: parameters.list(),
    forward: ({ features }, context) => ({ logits: fc(features, context) }),
  };
  const { plan, state } = await planOf(model);
  const step = await DeviceStep.create(plan, state);
  const feeds = feedsOf(model, 0);
  let before = 0;
  for (let i = 0; i < 500; i++) {
    if (i === 100) before = Deno.memoryUsage().rss;
    await step.run(feeds, LR);
  }
  assertLess(Deno.memoryUsage().rss - before, LEAK);
  await state.leaveDevice();
  await step.release();
});
