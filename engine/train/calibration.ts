/**
 * Calibration: before training, the gradient on a few batches says which entries of parameters train.
 * @module
 */
import { gradients } from "../autodiff/backward.ts";
import type { Loader } from "../data/loader.ts";
import { TrainingError } from "../errors.ts";
import { sizeOf } from "../ir/dims.ts";
import type { Parameter } from "../nn/scope.ts";
import { deriveSeed } from "../random.ts";
import { Session, type SessionOptions, type Value } from "../runtime/session.ts";
import type { Masks } from "./masks.ts";
import { batchFeeds, type Model, modelGraph } from "./model.ts";
import type { TrainState } from "./state.ts";

/**
 * A parameter that trains, and its gradient before training.
 * @category Fine-tuning
 */
export interface CalibratedParameter {
  /** Its name. */
  readonly name: string;
  /** Its shape. */
  readonly shape: readonly number[];
  /** Mean gradient of the task's loss over the calibration's batches, row-major. */
  readonly gradient: Float32Array<ArrayBuffer>;
}

/** How entries are chosen before training. */
export interface CalibrationPlan {
  /** Batches whose gradients are averaged; fewer where the training split has fewer. */
  readonly batches: number;
  /** Training samples. It is closed afterwards. */
  readonly loader: Loader;
  /**
   * Says which entries of a parameter train.
   * @param parameter The parameter.
   * @returns 1 for entries that train, 0 for others; `undefined` where all of them do.
   */
  mask(parameter: CalibratedParameter): Uint8Array<ArrayBuffer> | undefined;
}

/** What a calibration runs on. */
export interface CalibrationRun {
  /** The model. */
  readonly model: Model;
  /** Its parameters. */
  readonly parameters: readonly Parameter[];
  /** Their values. */
  readonly state: TrainState;
  /** Seed of the run. */
  readonly seed: number;
  /** Label smoothing of the cross entropy. */
  readonly labelSmoothing?: number;
  /** How the session runs. */
  readonly session?: SessionOptions;
  /** Stops it between batches. */
  readonly signal?: AbortSignal;
}

/**
 * Chooses the entries that train. Values of parameters stay as they are.
 * @param plan How.
 * @param run Model and values.
 * @returns The masks.
 * @throws {TrainingError} if a loss is not a number.
 * @throws {DataError} if data cannot be read.
 */
export async function calibrate(plan: CalibrationPlan, run: CalibrationRun): Promise<Masks> {
  const { model, labelSmoothing } = run;
  const trainable = run.parameters.filter((parameter) => parameter.trainable);
  const { loss, parts } = modelGraph(model, { training: true, labelSmoothing });
  const task = parts.task ?? loss; // A head's auxiliary losses say nothing of the encoder.
  const found = gradients(task, trainable.map(({ tensor }) => tensor));
  const named = found.map((gradient, index) => [gradientName(index), gradient]);
  const session = await Session.create({ loss: task, ...Object.fromEntries(named) }, {
    ...run.session,
    reuseOutputs: false,
  });
  try {
    const means = await meanGradients(session, trainable, { plan, run });
    const masks = trainable.flatMap(({ name, shape }, index) => {
      const mask = plan.mask({ name, shape, gradient: means[index] });
      return mask ? [[name, mask] as const] : [];
    });
    return new Map(masks);
  } finally {
    await session.release();
    await plan.loader.close();
  }
}

const gradientName = (index: number) => `gradient ${index}`;

async function meanGradients(
  session: Session,
  parameters: readonly Parameter[],
  { plan, run: { model, state, seed, signal } }: {
    readonly plan: CalibrationPlan;
    readonly run: CalibrationRun;
  },
): Promise<Float32Array<ArrayBuffer>[]> {
  const means = parameters.map(({ shape }) => new Float32Array(sizeOf(shape)));
  const values = Object.fromEntries(state.names().map((name) => [name, state.front(name)]));
  const count = Math.min(plan.batches, plan.loader.batchesPerEpoch);
  let done = 0;
  for await (const batch of plan.loader.epoch(0, { signal })) {
    const feeds = batchFeeds(batch, model, deriveSeed(seed, "calibration", done) >>> 0);
    const results: Record<string, Value> = await session.run({ ...values, ...feeds });
    requireNumber(Number(results.loss.data[0]), done);
    for (const [index, mean] of means.entries()) {
      const { data } = results[gradientName(index)];
      for (let i = 0; i < mean.length; i++) mean[i] += Number(data[i]) / count;
    }
    if (++done === count) break;
  }
  return means;
}

function requireNumber(loss: number, batch: number): void {
  if (Number.isFinite(loss)) return;
  throw new TrainingError(
    `Cannot choose what trains: the loss is ${loss} before training, in batch ${batch}`,
    0,
    batch,
  );
}
