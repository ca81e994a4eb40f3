/**
 * Evaluation: a model's predictions on a split, and the values that metrics make of them.
 * @module
 */
import { type DeviceValue, Session, type SessionOptions, type Value } from "../runtime/session.ts";
import type { Batch } from "../data/data.ts";
import type { PredictionCollector } from "../data/predictions.ts";
import type { Metric, MetricAccumulator, TaskInfo } from "./interfaces.ts";
import type { Loader } from "../data/loader.ts";
import { MicroBatches, microBatchSize } from "./micro_batches.ts";
import { batchFeeds, type Model, modelGraph } from "./model.ts";
import type { TrainState } from "./state.ts";

/** Whether metrics see an epoch as a whole, or batch by batch and are averaged over samples. */
export type MetricMode = "epochwise" | "stepwise";

/** Collects loss and metrics over the batches of an epoch. */
export class EpochMeter {
  readonly #task: TaskInfo;
  readonly #metrics: readonly Metric[];
  readonly #mode: MetricMode;
  readonly #accumulators: readonly MetricAccumulator[];
  readonly #sums = new Map<string, number>();
  #samples = 0;
  readonly #skipped: string[] = [];

  /**
   * @param task What is predicted.
   * @param metrics What is measured.
   * @param mode How metrics are computed.
   */
  constructor(task: TaskInfo, metrics: readonly Metric[], mode: MetricMode) {
    this.#task = task;
    this.#metrics = metrics;
    this.#mode = mode;
    this.#accumulators = metrics.map((metric) => metric.accumulator());
  }

  /**
   * @param batch The batch.
   * @param result What the model returned for it: `loss`, `scores`, and losses by name.
   */
  update(batch: Batch, result: Readonly<Record<string, Value>>): void {
    const { numClasses, subtask, task } = this.#task;
    const { size: count, labels } = batch;
    const scores = result.scores.data as Float32Array;
    const input = { numClasses, subtask, task, count, scores, labels };
    this.#samples += count;
    this.#skipped.push(...batch.skipped ?? []);
    for (const [name, value] of Object.entries(result)) {
      if (name.startsWith("loss")) this.#add(name, Number(value.data[0]) * count);
    }
    for (const [index, metric] of this.#metrics.entries()) {
      if (this.#mode === "epochwise") {
        this.#accumulators[index].update(input);
        continue;
      }
      const single = metric.accumulator();
      single.update(input);
      for (const [name, value] of Object.entries(single.compute())) this.#add(name, value * count);
    }
  }

  /** One line for each sample so far that could not be read. */
  get skipped(): readonly string[] {
    return this.#skipped;
  }

  /**
   * @param prefix Put before every name, for example `val_`.
   * @returns Means over the samples so far, and metrics.
   */
  values(prefix: string): Record<string, number> {
    const named = new Map<string, number>();
    for (const [name, sum] of this.#sums) named.set(name, sum / this.#samples);
    if (this.#mode === "epochwise") {
      for (const accumulator of this.#accumulators) {
        for (const [name, value] of Object.entries(accumulator.compute())) named.set(name, value);
      }
    }
    return Object.fromEntries([...named].map(([name, value]) => [prefix + name, value]));
  }

  #add(name: string, value: number): void {
    this.#sums.set(name, (this.#sums.get(name) ?? 0) + value);
  }
}

/**
 * Names the values that metrics give, and whether larger is better, before there are predictions.
 * @param task What is predicted.
 * @param metrics What is measured.
 */
export function metricNames(task: TaskInfo, metrics: readonly Metric[]): Map<string, boolean> {
  const names = new Map<string, boolean>();
  const { numClasses, subtask } = task;
  const labels = subtask === "multiclass" ? new Int32Array(1) : new Float32Array(numClasses);
  for (const metric of metrics) {
    const accumulator = metric.accumulator();
    accumulator.update({ ...task, count: 1, scores: new Float32Array(numClasses), labels });
    for (const name of Object.keys(accumulator.compute())) {
      names.set(name, metric.higherIsBetter);
    }
  }
  return names;
}

/** Runs a model without training it, on the buffers that training updates. */
export class Evaluator {
  readonly #model: Model;
  readonly #state: TrainState;
  readonly #session: Session | MicroBatches;
  /** The device, where it is not the CPU. */
  readonly #device: SessionOptions | undefined;

  private constructor(
    model: Model,
    state: TrainState,
    { session, device }: {
      readonly session: Session | MicroBatches;
      readonly device?: SessionOptions;
    },
  ) {
    this.#model = model;
    this.#state = state;
    this.#session = session;
    this.#device = device;
  }

  /**
   * @param model The model.
   * @param state Its parameters.
   * @param options Label smoothing of the reported loss, how to run, and about how many instances
   *   a batch of bags has.
   */
  static async create(
    model: Model,
    state: TrainState,
    options: {
      readonly labelSmoothing?: number;
      readonly session?: SessionOptions;
      readonly expectedRows?: number;
    } = {},
  ): Promise<Evaluator> {
    const graph = modelGraph(model, { ...options, training: false });
    const { loss, scores } = graph;
    const session = await Session.create({ loss, scores }, options.session);
    const { device = "cpu", deviceId } = options.session ?? {};
    if (device !== "cpu") {
      return new Evaluator(model, state, { session, device: { device, deviceId } });
    }
    const size = microBatchSize(model, graph, Infinity);
    const parts = size === undefined ? session : new MicroBatches(session, size);
    return new Evaluator(model, state, { session: parts });
  }

  /**
   * Predicts one batch.
   * @param batch The batch.
   * @returns `loss` and `scores`.
   */
  async run(batch: Batch): Promise<Readonly<Record<string, Value>>> {
    const feeds = batchFeeds(batch, this.#model, 0);
    if (!(this.#session instanceof Session)) {
      return await this.#session.run(this.#withBuffers(feeds));
    }
    const all: Record<string, Value | DeviceValue> = feeds;
    for (const name of this.#state.names()) all[name] = this.#state.feed(name);
    return await this.#session.run(all);
  }

  #withBuffers(feeds: Record<string, Value>): Record<string, Value> {
    for (const name of this.#state.names()) feeds[name] = this.#state.front(name);
    return feeds;
  }

  /**
   * Predicts a split, or its first batches.
   * @param loader Batches of the split.
   * @param meter Collects the values.
   * @param options A signal that stops it, how many batches at most, and what else collects.
   */
  async measure(
    loader: Loader,
    meter: EpochMeter,
    options: {
      readonly signal?: AbortSignal;
      readonly batches?: number;
      readonly collector?: PredictionCollector;
    } = {},
  ): Promise<void> {
    let left = options.batches ?? Infinity;
    if (left <= 0) return;
    if (this.#device) await this.#state.upload(this.#device);
    for await (const batch of loader.epoch(0, { signal: options.signal })) {
      const result = await this.run(batch);
      meter.update(batch, result);
      options.collector?.update(batch, result.scores.data as Float32Array);
      if (--left <= 0) break;
    }
  }

  /** Frees the session. */
  async release(): Promise<void> {
    await this.#session.release();
  }
}
