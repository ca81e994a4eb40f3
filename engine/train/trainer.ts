/**
 * The training loop of one fold: epochs of updates, validation, checkpoints, and the test at the end.
 * @module
 */
import { TrainingError } from "../errors.ts";
import { deriveSeed } from "../random.ts";
import type { Batch } from "../data/data.ts";
import { PredictionCollector, type Predictions } from "../data/predictions.ts";
import {
  type Computing,
  deviceSession,
  endComputing,
  settleDevice,
  startSettled,
} from "./_computing.ts";
import { lastCheckpoint, requireNumbers, restoreLast } from "./_resume.ts";
import { calibrate } from "./calibration.ts";
import { checkpointTree, type Progress, restoreCheckpoint } from "./checkpoint.ts";
import { EpochMeter } from "./evaluate.ts";
import type { RunDone, TrainEvent, Values } from "./events.ts";
import { encodeOnce } from "./frozen_encoder.ts";
import { freezeMasked, readMasks } from "./masks.ts";
import { drawMix, mixFeeds } from "./mixing.ts";
import { batchFeeds } from "./model.ts";
import { countParameters, type ParameterCount } from "./parameter_counts.ts";
import type { BestMetric, TrainHooks, TrainPlan } from "./plan.ts";
import type { MetricsFile } from "./run_directory.ts";
import { TrainState } from "./state.ts";
import type { Value } from "../runtime/session.ts";
import type { Device } from "../runtime/session_options.ts";

/** Losses that are not finite, in a row, that end a run. */
const MAX_BAD_LOSSES = 3;

/** The best epoch so far, with its weights where no checkpoint holds them. */
interface Best {
  readonly value: number;
  readonly epoch: number;
  readonly weights?: ReadonlyMap<string, Float32Array>;
}

/** Trains one fold. */
export class FoldTrainer implements AsyncDisposable {
  #plan: TrainPlan;
  readonly #hooks: TrainHooks;
  readonly #state: TrainState;
  #computing: Computing;
  readonly #metrics: MetricsFile;
  /** What is read: samples, or features of a frozen encoder. */
  #loaders: TrainPlan["loaders"];
  #best: Best;
  #nextEpoch: number;
  #badLosses = 0;
  /** Reasons why samples were left out that the user has been told. */
  readonly #told = new Set<string>();
  readonly #predictions = new Map<"val" | "test", Predictions>();

  private constructor(
    plan: TrainPlan,
    hooks: TrainHooks,
    parts: { state: TrainState; computing: Computing; progress?: Progress },
  ) {
    this.#plan = plan;
    this.#hooks = hooks;
    this.#loaders = plan.loaders;
    this.#state = parts.state;
    this.#computing = parts.computing;
    const { progress } = parts;
    this.#nextEpoch = progress ? progress.epoch + 1 : 0;
    this.#best = { value: progress?.best_value ?? NaN, epoch: progress?.best_epoch ?? -1 };
    this.#metrics = progress ? plan.directory.readMetrics(this.#nextEpoch) : { train: [], val: [] };
  }

  /**
   * Makes everything ready; writes nothing.
   * @param given What to train.
   * @param hooks How to follow it.
   * @throws {DataError} if a run is to be resumed and its checkpoint cannot be used.
   * @throws {TrainingError} if a calibration finds a loss that is not a number.
   */
  static async create(given: TrainPlan, hooks: TrainHooks = {}): Promise<FoldTrainer> {
    const state = await TrainState.create(given.parameters, given.seed, given.initial);
    const plan = await withMasks(given, state, hooks);
    await state.addOptimizer(plan.parameters, plan.optimizer);
    const progress = plan.resume ? restoreLast(state, plan) : undefined;
    if (progress) requireNumbers(plan, progress);
    const notify = (message: string) => hooks.onEvent?.({ type: "notice", message });
    const settled = await startSettled(plan, state, notify);
    return new FoldTrainer(settled.plan, hooks, { state, computing: settled.computing, progress });
  }

  /**
   * Trains the epochs that are left, then tests the best checkpoint.
   * @returns The best value and where it is, and the numbers on the test split.
   * @throws {TrainingError} if the loss stays NaN or infinite.
   * @throws {DataError} if data cannot be read or a file cannot be written.
   * @throws {DeviceError} if a device computes something else than the CPU.
   */
  async run(): Promise<RunDone> {
    const { epochs, loaders, sanitySteps, frozen, directory } = this.#plan;
    this.#announce();
    if (frozen) {
      const { device } = this.#plan;
      const options = { ...this.#hooks, state: this.#state, directory, device };
      this.#loaders = await encodeOnce(frozen, loaders, options);
    }
    await this.#settleDevice();
    if (this.#nextEpoch === 0 && sanitySteps > 0) {
      const meter = this.#meter();
      await this.#computing.evaluator.measure(this.#loaders.val, meter, {
        ...this.#hooks,
        batches: sanitySteps,
      });
    }
    for (let epoch = this.#nextEpoch; epoch < epochs; epoch++) {
      if (this.#shouldStop()) break;
      await this.#runEpoch(epoch);
    }
    return await this.#finish();
  }

  /** Where it trains: known for sure once it runs. */
  get device(): Device {
    return this.#plan.device?.device ?? "cpu";
  }

  /** The first epoch that is still to be trained. */
  get firstEpoch(): number {
    return this.#nextEpoch;
  }

  /** Trainable and all parameters of the parts of the model. */
  get parameterCounts(): readonly ParameterCount[] {
    const { parameters, groupOf, masks } = this.#plan;
    return countParameters(parameters, groupOf, masks);
  }

  /** Frees the sessions, and the loaders that are its own. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#state.leaveDevice();
    await endComputing(this.#computing);
    if (this.#loaders === this.#plan.loaders) return;
    await Promise.all(Object.values(this.#loaders).map((loader) => loader?.close()));
  }

  #announce(): void {
    const { loaders, directory, fold, epochs, classNames } = this.#plan;
    const samples = Object.entries(loaders).flatMap(([name, loader]) =>
      loader ? [[name, loader.samples] as const] : []
    );
    this.#emit({
      type: "run",
      directory: directory.path,
      fold: fold.index,
      folds: fold.count,
      epochs,
      firstEpoch: this.#nextEpoch,
      batches: loaders.train.batchesPerEpoch,
      samples: Object.fromEntries(samples),
      parameters: this.parameterCounts.reduce((sum, { trainable }) => sum + trainable, 0),
      parameterCounts: this.parameterCounts,
      ...(classNames && { classNames }),
    });
  }

  async #runEpoch(epoch: number): Promise<void> {
    const started = performance.now();
    const { schedule, lr: baseLr, epochs, logger, valSteps } = this.#plan;
    const lr = baseLr * schedule.factor(epoch);
    const train = await this.#trainEpoch(epoch, lr);
    const meter = this.#meter();
    const measuring = { ...this.#hooks, batches: valSteps };
    await this.#computing.evaluator.measure(this.#loaders.val, meter, measuring);
    const val = meter.values("val_");
    this.#tellSkipped(meter);
    await this.#state.download(deviceSession(this.#plan));
    const best = this.#updateBest(epoch, val[this.#plan.bestMetric.name]);
    this.#metrics.train.push({ epoch, lr, ...train });
    this.#metrics.val.push({ epoch, ...val });
    await this.#save(epoch, lr, best);
    const seconds = (performance.now() - started) / 1000;
    await logger.log(epoch, { ...train, ...val, lr });
    this.#emit({ type: "epoch", epoch, epochs, lr, train, val, seconds, best });
  }

  async #trainEpoch(epoch: number, lr: number): Promise<Values> {
    const { train } = this.#loaders;
    const batches = train.batchesPerEpoch;
    const meter = this.#meter();
    let index = 0;
    for await (const batch of train.epoch(epoch, { signal: this.#hooks.signal })) {
      const feeds = this.#feeds(batch, epoch, index);
      const result = await this.#computing.step.run(feeds, lr, index === batches - 1);
      const loss = Number(result.loss.data[0]);
      this.#checkLoss(loss, epoch, index);
      meter.update(batch, result);
      this.#emit({ type: "batch", epoch, batch: index, batches, loss });
      index++;
    }
    this.#tellSkipped(meter);
    return meter.values("train_");
  }

  #feeds(batch: Batch, epoch: number, index: number): Record<string, Value> {
    const { seed, model, frozen } = this.#plan;
    const stepSeed = deriveSeed(seed, "step", epoch, index) >>> 0;
    const feeds = batchFeeds(batch, frozen?.rest ?? model, stepSeed);
    return { ...feeds, ...this.#mix(batch, epoch, index) };
  }

  /** Compares a device with the CPU on the first batch. */
  async #settleDevice(): Promise<void> {
    const epoch = this.#nextEpoch;
    if (!this.#plan.device?.check || epoch >= this.#plan.epochs) return;
    const { signal } = this.#hooks;
    const notify = (message: string) => this.#emit({ type: "notice", message });
    for await (const batch of this.#loaders.train.epoch(epoch, { signal })) {
      const settled = { plan: this.#plan, computing: this.#computing };
      const feeds = this.#feeds(batch, epoch, 0);
      const { plan, computing } = await settleDevice(settled, this.#state, { feeds, notify });
      [this.#plan, this.#computing] = [plan, computing];
      break;
    }
  }

  /** How a batch is mixed, the same whenever it is trained on. */
  #mix({ size }: Batch, epoch: number, index: number): Record<string, Value> {
    const { mixing, model: { sampleShape }, seed } = this.#plan;
    if (mixing === undefined) return {};
    const batchSeed = deriveSeed(seed, "mix", epoch, index);
    return mixFeeds(drawMix(mixing, { seed: batchSeed, size, sampleShape }), sampleShape);
  }

  /** Names samples that could not be read, each once in a run. */
  #tellSkipped({ skipped }: EpochMeter): void {
    const news = skipped.filter((reason) => !this.#told.has(reason));
    for (const reason of news) {
      this.#told.add(reason);
      this.#emit({ type: "notice", message: `${reason}; left out` });
    }
  }

  #checkLoss(loss: number, epoch: number, batch: number): void {
    this.#badLosses = Number.isFinite(loss) ? 0 : this.#badLosses + 1;
    if (this.#badLosses < MAX_BAD_LOSSES) return;
    throw new TrainingError(
      `Cannot go on training: the loss was ${loss} ${MAX_BAD_LOSSES} times in a row, last in epoch ` +
        `${epoch}, batch ${batch}; try a smaller optimizer.lr or training.gradient_clip_val`,
      epoch,
      batch,
    );
  }

  #updateBest(epoch: number, value: number): boolean {
    const { value: old, epoch: oldEpoch } = this.#best;
    if (oldEpoch >= 0 && !isBetter(value, old, this.#plan.bestMetric)) return false;
    const weights = this.#plan.checkpoints ? undefined : copyWeights(this.#state);
    this.#best = { value, epoch, weights };
    return true;
  }

  /** Looks only at the numbers of past epochs, so that a resumed run stops where it would have. */
  #shouldStop(): boolean {
    const { earlyStopping } = this.#plan;
    const epochs = this.#metrics.val.length;
    if (!earlyStopping || epochs === 0 || epochs < earlyStopping.minEpochs) return false;
    const { metric, patience } = earlyStopping;
    let best = { value: NaN, epoch: -1 };
    for (const [epoch, row] of this.#metrics.val.entries()) {
      const value = Number(row[metric.name] ?? NaN);
      if (isBetter(value, best.value, metric)) best = { value, epoch };
    }
    if (epochs - 1 - best.epoch < patience) return false;
    const message =
      `${metric.name} did not get better for ${patience} epochs: stopped after ${epochs}`;
    this.#emit({ type: "notice", message });
    return true;
  }

  async #save(epoch: number, lr: number, best: boolean): Promise<void> {
    const { directory, checkpoints, seed } = this.#plan;
    await directory.writeMetrics(this.#metrics);
    if (!checkpoints) return;
    const progress: Progress = {
      epoch,
      step: this.#state.step,
      seed,
      best_metric: this.#plan.bestMetric.name,
      best_value: this.#best.value,
      best_epoch: this.#best.epoch,
    };
    const tree = checkpointTree(this.#state, this.#plan, progress, lr);
    await directory.writeCheckpoint(epoch, tree, best);
  }

  /** Predictions of the best checkpoint, once the run is done. */
  get predictions(): ReadonlyMap<"val" | "test", Predictions> {
    return this.#predictions;
  }

  async #finish(): Promise<RunDone> {
    const { directory, fold } = this.#plan;
    if (this.#best.epoch >= 0) await this.#loadBest();
    const test = await this.#predict("test");
    if (test !== undefined) {
      this.#metrics.test = test;
      await directory.writeMetrics(this.#metrics);
    }
    const val = await this.#predict("val");
    const finalVal = this.#plan.valSteps === undefined ? undefined : prefixed("final_", val!);
    if (finalVal) await directory.write("finalValMetrics", finalVal);
    const done: RunDone = {
      type: "done",
      directory: directory.path,
      fold: fold.index,
      bestMetric: this.#plan.bestMetric.name,
      bestValue: this.#best.value,
      bestEpoch: this.#best.epoch,
      ...(finalVal && { finalVal }),
      test,
    };
    this.#emit(done);
    return done;
  }

  /** Predicts a split, and measures the predictions. */
  async #predict(name: "val" | "test"): Promise<Values | undefined> {
    const { model, classNames } = this.#plan;
    const { [name]: loader } = this.#loaders;
    if (loader === undefined) return undefined;
    const [meter, collector] = [this.#meter(), new PredictionCollector()];
    await this.#computing.evaluator.measure(loader, meter, { ...this.#hooks, collector });
    this.#tellSkipped(meter);
    const { task, subtask, numClasses } = model;
    const predicted = { task, subtask, numClasses, ...(classNames && { classNames }) };
    this.#predictions.set(name, collector.predictions(loader.split, predicted));
    return meter.values(`${name}_`);
  }

  async #loadBest(): Promise<void> {
    const { weights } = this.#best;
    await this.#state.leaveDevice();
    if (weights) {
      setParameters(this.#state, weights);
    } else if (this.#plan.checkpoints) {
      restoreCheckpoint(this.#state, this.#plan, this.#plan.directory.checkpoint("best"));
    }
  }

  #meter(): EpochMeter {
    const { model, metrics, metricMode } = this.#plan;
    return new EpochMeter(model, metrics, metricMode);
  }

  #emit(event: TrainEvent): void {
    this.#hooks.onEvent?.(event);
  }
}

function prefixed(prefix: string, values: Values): Values {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}

/** Whether a value is better than the best so far; any number is better than NaN. */
function isBetter(value: number, best: number, { higherIsBetter }: BestMetric): boolean {
  if (Number.isNaN(best)) return !Number.isNaN(value);
  return higherIsBetter ? value > best : value < best;
}

function setParameters(state: TrainState, values: ReadonlyMap<string, Float32Array>): void {
  for (const [name, data] of values) state.parameter(name).data.set(data);
}

function copyWeights(state: TrainState): Map<string, Float32Array> {
  return new Map(state.names().map((name) => [name, state.parameter(name).data.slice()]));
}

/** The plan, with the entries that a calibration has chosen, now or when the run began. */
async function withMasks(
  plan: TrainPlan,
  state: TrainState,
  { signal }: TrainHooks,
): Promise<TrainPlan> {
  const { calibration, resume } = plan;
  if (calibration === undefined) return plan;
  const masks = resume
    ? readMasks(lastCheckpoint(plan), plan.parameters)
    : await calibrate(calibration, { ...plan, state, signal });
  const parameters = freezeMasked(plan.parameters, masks);
  state.freeze(parameters.filter(({ trainable }) => !trainable).map(({ name }) => name));
  return { ...plan, parameters, masks };
}
