/** What benchmarks train with: one AdamW step on a batch, on the CPU or a device. */
import type { Batch } from "../engine/data/data.ts";
import { microBatchSize } from "../engine/train/micro_batches.ts";
import { batchFeeds, type Model, modelGraph } from "../engine/train/model.ts";
import { TrainState } from "../engine/train/state.ts";
import { DeviceStep } from "../engine/train/device_step.ts";
import { TrainStep } from "../engine/train/step.ts";
import type { Device } from "../engine/runtime/session_options.ts";
import { adamW } from "../plugins/optimizer/AdamW.ts";

/** Trains on a batch and gives its loss. */
export type Run = (batch: Batch) => Promise<number>;

/**
 * Makes a model ready to train with AdamW, weight decay 0.05.
 * @param model The model.
 * @param lr Learning rate.
 * @param options Instances of a batch of bags, or samples of another one, and threads; the device.
 */
export async function stepper(
  model: Model,
  lr: number,
  options: {
    readonly expectedRows?: number;
    readonly batchSize?: number;
    readonly threads?: number;
    readonly device?: Device;
  } = {},
): Promise<Run> {
  const { expectedRows, batchSize = 1, threads, device = "cpu" } = options;
  const optimizer = adamW.create({}, { lr });
  const state = await TrainState.create(model.parameters, 0);
  await state.addOptimizer(model.parameters, optimizer);
  const graph = modelGraph(model, { training: true, expectedRows });
  const { loss, scores, updates } = graph;
  const plan = {
    parameters: model.parameters,
    loss,
    outputs: { scores },
    updates,
    optimizer,
    parameterOptions: () => ({ lrScale: 1, weightDecay: 0.05 }),
  };
  const microBatch = microBatchSize(model, graph, batchSize);
  const step = device === "cpu"
    ? await TrainStep.create(
      { ...plan, microBatch, session: { reuseOutputs: true, threads } },
      state,
    )
    : await DeviceStep.create({ ...plan, session: { device } }, state);
  return async (batch) => {
    const result = await step.run(batchFeeds(batch, model, 0), lr);
    return Number(result.loss.data[0]);
  };
}
