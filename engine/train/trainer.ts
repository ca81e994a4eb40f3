/**
 * The training loop of one fold: epochs of updates, validation, checkpoints, and the test at the end.
 * @module
 */
import { DataError, TrainingError } from "../errors.ts";
import { sizeOf } from "../ir/dims.ts";
import { deriveSeed } from "../random.ts";
import { PredictionCollector, type Predictions } from "../data/predictions.ts";
import { checkpointTree, type Progress, restoreCheckpoint } from "./checkpoint.ts";
import { EpochMeter, Evaluator } from "./evaluate.ts";
import type { RunDone, TrainEvent, Values } from "./events.ts";
import { microBatchSize } from "./micro_batches.ts";
import { batchFeeds, modelGraph } from "./model.ts";
import type { BestMetric, TrainHooks, TrainPlan } from "./plan.ts";
import type { MetricsFile } from "./run_directory.ts";
import { TrainState } from "./state.ts";
import { TrainStep } from "./step.ts";

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
  readonly #plan: TrainPlan;
  readonly #hooks: TrainHooks;
  readonly #state: TrainState;
  readonly #step: TrainStep;
  readonly #evaluator: Evaluator;
  readonly #metrics: MetricsFile;
  #best: Best;
  #nextEpoch: number;
  #badLosses = 0;
  /** Reasons why samples were left out that the user has been told. */
  readonly #told = new Set<string>();
  readonly #predictions = new Map<"val" | "test", Predictions>();

  private constructor(
    plan: TrainPlan,
    hooks: TrainHooks,
    parts: { state: TrainState; step: TrainStep; evaluator: Evaluator; progress?: Progress },
  ) {
    this.#plan = plan;
    this.#hooks = hooks;
    this.#state = parts.state;
    this.#step = parts.step;
    this.#evaluator = parts.evaluator;
    const { progress } = parts;
    this.#nextEpoch = progress ? progress.epoch + 1 : 0;
    this.#best = { value: progress?.best_value ?? NaN, epoch: progress?.best_epoch ?? -1 };
    this.#metrics = progress ? plan.directory.readMetrics(this.#nextEpoch) : { train: [], val: [] };
  }

  /**
   * Makes everything ready; writes nothing.
   * @param plan What to train.
   * @param hooks How to follow it.
   * @throws {DataError} if a run is to be resumed and its checkpoint cannot be used.
   */
  static async create(plan: TrainPlan, hooks: TrainHooks = {}): Promise<FoldTrainer> {
    const { model, optimizer, parameters, labelSmoothing } = plan;
    const session = { ...plan.session, reuseOutputs: true };
    const state = await TrainState.create(parameters, plan.seed);
    setParameters(state, plan.initial);
    await state.addOptimizer(parameters, optimizer);
    const progress = plan.resume ? restoreLast(state, plan) : undefined;
    if (progress) requireNumbers(plan, progress);
    const graph = modelGraph(model, {
      training: true,
      labelSmoothing,
      expectedRows: plan.expectedRows?.train,
    });
    const { loss, scores, parts, updates } = graph;
    const named = Object.entries(parts).map(([name, part]) => [`loss_${name}`, part]);
    const step = await TrainStep.create({
      parameters,
      loss,
      outputs: { scores, ...Object.fromEntries(named) },
      updates,
      optimizer,
      parameterOptions: plan.parameterOptions,
      clipNorm: plan.clipNorm,
      accumulate: plan.accumulate,
      microBatch: microBatchSize(model, graph, plan.loaders.train.batchSize),
      session,
    }, state);
    const evaluator = await Evaluator.create(model, state, {
      labelSmoothing,
      session,
      expectedRows: plan.expectedRows?.eval,
    });
    return new FoldTrainer(plan, hooks, { state, step, evaluator, progress });
  }

  /**
   * Trains the epochs that are left, then tests the best checkpoint.
   * @returns The best value and where it is, and the numbers on the test split.
   * @throws {TrainingError} if the loss stays NaN or infinite.
   * @throws {DataError} if data cannot be read or a file cannot be written.
   */
  async run(): Promise<RunDone> {
    const { epochs, loaders, sanitySteps } = this.#plan;
    this.#announce();
    if (this.#nextEpoch === 0 && sanitySteps > 0) {
      const meter = this.#meter();
      await this.#evaluator.measure(loaders.val, meter, { ...this.#hooks, batches: sanitySteps });
    }
    for (let epoch = this.#nextEpoch; epoch < epochs; epoch++) {
      if (this.#shouldStop()) break;
      await this.#runEpoch(epoch);
    }
    return await this.#finish();
  }

  /** The first epoch that is still to be trained. */
  get firstEpoch(): number {
    return this.#nextEpoch;
  }

  /** Frees the sessions. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#step.release();
    await this.#evaluator.release();
  }

  #announce(): void {
    const { loaders, directory, fold, epochs, parameters, classNames } = this.#plan;
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
      parameters: parameters
        .filter(({ trainable }) => trainable)
        .reduce((sum, { shape }) => sum + sizeOf(shape), 0),
      ...(classNames && { classNames }),
    });
  }

  async #runEpoch(epoch: number): Promise<void> {
    const started = performance.now();
    const { schedule, lr: baseLr, epochs, logger, loaders } = this.#plan;
    const lr = baseLr * schedule.factor(epoch);
    const train = await this.#trainEpoch(epoch, lr);
    const meter = this.#meter();
    await this.#evaluator.measure(loaders.val, meter, this.#hooks);
    const val = meter.values("val_");
    this.#tellSkipped(meter);
    const best = this.#updateBest(epoch, val[this.#plan.bestMetric.name]);
    this.#metrics.train.push({ epoch, lr, ...train });
    this.#metrics.val.push({ epoch, ...val });
    await this.#save(epoch, lr, best);
    const seconds = (performance.now() - started) / 1000;
    await logger.log(epoch, { ...train, ...val, lr });
    this.#emit({ type: "epoch", epoch, epochs, lr, train, val, seconds, best });
  }

  async #trainEpoch(epoch: number, lr: number): Promise<Values> {
    const { loaders, model, seed } = this.#plan;
    const batches = loaders.train.batchesPerEpoch;
    const meter = this.#meter();
    let index = 0;
    for await (const batch of loaders.train.epoch(epoch, { signal: this.#hooks.signal })) {
      const stepSeed = deriveSeed(seed, "step", epoch, index) >>> 0;
      const result = await this.#step.run(
        batchFeeds(batch, model, stepSeed),
        lr,
        index === batches - 1,
      );
      const loss = Number(result.loss.data[0]);
      this.#checkLoss(loss, epoch, index);
      meter.update(batch, result);
      this.#emit({ type: "batch", epoch, batch: index, batches, loss });
      index++;
    }
    this.#tellSkipped(meter);
    return meter.values("train_");
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
    if (this.#best.epoch >= 0) this.#loadBest();
    const test = await this.#predict("test");
    if (test !== undefined) {
      this.#metrics.test = test;
      await directory.writeMetrics(this.#metrics);
    }
    await this.#predict("val");
    const done: RunDone = {
      type: "done",
      directory: directory.path,
      fold: fold.index,
      bestMetric: this.#plan.bestMetric.name,
      bestValue: this.#best.value,
      bestEpoch: this.#best.epoch,
      test,
    };
    this.#emit(done);
    return done;
  }

  /** Predicts a split, and measures the predictions. */
  async #predict(name: "val" | "test"): Promise<Values | undefined> {
    const { model, loaders: { [name]: loader }, classNames } = this.#plan;
    if (loader === undefined) return undefined;
    const [meter, collector] = [this.#meter(), new PredictionCollector()];
    await this.#evaluator.measure(loader, meter, { ...this.#hooks, collector });
    this.#tellSkipped(meter);
    const { task, subtask, numClasses } = model;
    const predicted = { task, subtask, numClasses, ...(classNames && { classNames }) };
    this.#predictions.set(name, collector.predictions(loader.split, predicted));
    return meter.values(`${name}_`);
  }

  #loadBest(): void {
    const { weights } = this.#best;
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

/** Whether a value is better than the best so far; any number is better than NaN. */
function isBetter(value: number, best: number, { higherIsBetter }: BestMetric): boolean {
  if (Number.isNaN(best)) return !Number.isNaN(value);
  return higherIsBetter ? value > best : value < best;
}

function setParameters(
  state: TrainState,
  values: ReadonlyMap<string, Float32Array> | undefined,
): void {
  for (const [name, data] of values ?? []) state.parameter(name).data.set(data);
}

function copyWeights(state: TrainState): Map<string, Float32Array> {
  return new Map(state.names().map((name) => [name, state.parameter(name).data.slice()]));
}

/** Without the numbers of all epochs before, curves would have gaps and early stopping count anew. */
function requireNumbers(
  { directory, resumeAnyway = false }: TrainPlan,
  { epoch, best_epoch, best_metric, best_value }: Progress,
): void {
  if (resumeAnyway) return;
  const { val } = directory.readMetrics(epoch + 1);
  const file = directory.file("metrics");
  const refuse = (state: string) =>
    new DataError(
      `Cannot resume from "${file}": ${state}; --training.resume_anyway goes on`,
      { file },
    );
  if (val.length !== epoch + 1) {
    throw refuse(`it has numbers of ${val.length} epochs, "last.pt" is of ${epoch + 1}`);
  }
  // JSON has `null` for what is not finite.
  const measured = val[best_epoch][best_metric] ?? NaN;
  if (measured === best_value || !Number.isFinite(measured) && !Number.isFinite(best_value)) return;
  const state = `${best_metric} of epoch ${best_epoch + 1} is ${measured}`;
  throw refuse(`${state}, "last.pt" has ${best_value} as the best value`);
}

/** Restores `last.pt`, which must be of a run that this plan can go on with. */
function restoreLast(state: TrainState, plan: TrainPlan): Progress {
  const { directory, seed, bestMetric: { name } } = plan;
  const file = directory.checkpoint("last");
  const fail = (fact: string) => new DataError(`Cannot resume from "${file}": ${fact}`, { file });
  if (!directory.hasCheckpoint("last")) throw fail("it does not exist, no epoch was finished");
  const progress = restoreCheckpoint(state, plan, file);
  if (progress.seed !== seed) {
    throw fail(`its run has seed ${progress.seed}, training.seed is ${seed}`);
  }
  if (progress.best_metric !== name) {
    throw fail(
      `its best checkpoint was chosen by ${progress.best_metric}, now it would be ${name}`,
    );
  }
  return progress;
}
