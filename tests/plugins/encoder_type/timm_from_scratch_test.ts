/** A ResNet learns from scratch at the pace that it has in PyTorch. */
import { assertGreater, assertLess } from "@std/assert";
import { Random } from "../../../engine/random.ts";
import { batchFeeds, modelGraph } from "../../../engine/train/model.ts";
import { TrainState } from "../../../engine/train/state.ts";
import { TrainStep } from "../../../engine/train/step.ts";
import { cifar10 } from "../../../plugins/dataset/cifar10.ts";
import { timm } from "../../../plugins/encoder_type/timm.ts";
import "../../../plugins/mod.ts";
import { adamW } from "../../../plugins/optimizer/AdamW.ts";
import { buildModel } from "../../../registry/builder/build_model.ts";
import { configure } from "../../../registry/configure.ts";
import { ruleNumbers } from "../../_timm.ts";

const [IMAGES, CLASSES, BATCH, SIDE, LR] = [100, 10, 50, 32, 1e-3];
const PIXELS = 3 * SIDE ** 2;

/** Twice as much noise as pattern of the class. */
function imageOf(index: number): Float32Array {
  const pattern = ruleNumbers(`class${index % CLASSES}`, PIXELS);
  const noise = ruleNumbers(`image${index}`, PIXELS);
  return Float32Array.from(noise, (value, pixel) => 2 * value + pattern[pixel]);
}

function batchOf(indices: Int32Array) {
  const features = new Float32Array(indices.length * PIXELS);
  for (const [row, index] of indices.entries()) features.set(imageOf(index), row * PIXELS);
  const labels = indices.map((index) => index % CLASSES);
  return { features, labels, indices, rows: indices.length, size: indices.length };
}

function countRight(scores: ArrayLike<number>, labels: Int32Array): number {
  return labels.reduce((right, label, row) => {
    const own = Array.from({ length: CLASSES }, (_, at) => scores[row * CLASSES + at]);
    return right + Number(own.indexOf(Math.max(...own)) === label);
  }, 0);
}

// In PyTorch: accuracy 0.99 and loss 0.68 in the fourth epoch; 0.69 and 2.1 with BatchNorm frozen.
Deno.test("resnet18 learns 100 images from scratch in four epochs", async () => {
  const model = await buildModel([
    configure(cifar10, { augmentation: { train_policy: "default" } }),
    configure(timm, { type: "resnet18", pretrained: false }),
  ], { sampleShape: [3, SIDE, SIDE] });
  const optimizer = adamW.create({}, { lr: LR });
  const state = await TrainState.create(model.parameters, 1);
  await state.addOptimizer(model.parameters, optimizer);
  const { loss, scores, updates } = modelGraph(model, { training: true });
  const { parameters } = model;
  const parameterOptions = () => ({ lrScale: 1, weightDecay: 0.05 });
  const plan = {
    parameters,
    loss,
    outputs: { scores },
    updates,
    optimizer,
    parameterOptions,
    session: { threads: 1 },
  };
  const step = await TrainStep.create(plan, state);
  let last = { right: 0, loss: 0 };
  for (let epoch = 0; epoch < 4; epoch++) {
    last = { right: 0, loss: 0 };
    const order = new Random(epoch).shuffle(Int32Array.from({ length: IMAGES }, (_, i) => i));
    for (let start = 0; start < IMAGES; start += BATCH) {
      const batch = batchOf(order.slice(start, start + BATCH));
      const result = await step.run(batchFeeds(batch, model, epoch), LR);
      last.right += countRight(result.scores.data as Float32Array, batch.labels);
      last.loss += Number(result.loss.data[0]) * BATCH / IMAGES;
    }
  }
  await step.release();
  assertGreater(last.right, 94);
  assertLess(last.loss, 1.2);
});
