/**
 * Computing features of many samples: a pool of threads, each of which reads samples and runs the
 * encoder on a few of them at a time. Where the encoder runs on a device, the threads only read and
 * this one computes: no two threads of a process may use a device at once.
 * @module
 */
import { blame } from "../fault.ts";
import { WorkerChannel } from "../data/worker_channel.ts";
import type { OnnxGraph } from "../onnx/emit.ts";
import type { OnnxModel } from "../onnx/encode.ts";
import { requireRightDevice } from "../runtime/device_check.ts";
import { onDevice } from "../runtime/device_failure.ts";
import { Session } from "../runtime/session.ts";
import type { Device } from "../runtime/session_options.ts";
import { computeFeatures, type Job, samplesOf, type SampleSource } from "./_compute_features.ts";
import type { ExtractTopics, WorkerSetup } from "./_extract_worker.ts";
import type { FeatureBlock } from "./journal.ts";

/** Samples that are computed at once where nothing else is asked for, as the caches like it. */
export const MICRO_BATCH = 2;

/** A device that computes instead of the threads. */
export interface ExtractorDevice {
  /** Which kind. */
  readonly device: Exclude<Device, "cpu">;
  /** Which of that kind. */
  readonly deviceId: number;
  /** `samples [batch, ...sampleShape]` to `features [batch, D]`. */
  readonly graph: OnnxGraph;
  /** The same in float32, which the CPU computes, where the graph computes in float16. */
  readonly whole?: OnnxGraph;
}

/** What the features are computed with. */
export interface ExtractorOptions {
  /**
   * `samples [batch, ...sampleShape]` to `features [batch, D]`; constants in shared memory are not
   * copied.
   */
  readonly model: OnnxModel | ExtractorDevice;
  /** Threads that read and compute. @default {1} */
  readonly workers?: number;
  /** Threads within an operator, for each of them. @default {1} */
  readonly threads?: number;
  /** Samples computed at once. @default {MICRO_BATCH} */
  readonly microBatch?: number;
}

/** Which samples, and how the caller stops. */
export interface RangeOptions {
  /** Index of the first sample; a multiple of the micro-batch, or results differ in last bits. */
  readonly start: number;
  /** Index after the last sample. */
  readonly end: number;
  /** Stops the work when it aborts. */
  readonly signal?: AbortSignal;
}

/** Does what is left of a job. */
type Finish = () => FeatureBlock | Promise<FeatureBlock>;

type ExtractWorker = WorkerChannel<ExtractTopics, WorkerSetup>;

/** Jobs that a worker has at hand: one it computes, one it reads, one that waits. */
const AHEAD = 3;

/**
 * Computes features of the samples of splits, one split after the other. Samples are grouped by
 * their index, so that results do not depend on the number of workers or on where a run begins.
 */
export class Extractor implements AsyncDisposable {
  readonly #options: Required<ExtractorOptions>;
  /** The encoder on a device. */
  #session: Session | undefined;
  #starting: Promise<readonly ExtractWorker[]> | undefined;
  /** What is worked on, for messages. */
  #name = "features";
  /** What its source belongs to. */
  #part: string | undefined;

  /**
   * Makes an extractor; its threads start with the first run.
   * @param options The model, and how many threads.
   */
  constructor({ model, workers = 1, threads = 1, microBatch = MICRO_BATCH }: ExtractorOptions) {
    this.#options = { model, workers, threads, microBatch };
  }

  /**
   * Computes features in the order of the samples, a micro-batch at a time.
   * @param split Where samples come from.
   * @param options Which samples.
   * @throws {DataError} if the source cannot be opened, or a sample cannot be read and the source
   *   tolerates no broken ones.
   * @throws {Error} if the runtime refuses the model.
   */
  async *run(
    split: SampleSource,
    { start, end, signal }: RangeOptions,
  ): AsyncIterableIterator<FeatureBlock> {
    const { microBatch } = this.#options;
    const workers = await this.#open(split);
    const pending: Promise<Finish>[] = [];
    let next = start;
    let turn = 0;
    const request = (): void => {
      if (next >= end) return;
      // Micro-batches lie on a grid that begins at 0.
      const count = Math.min(microBatch - next % microBatch, end - next);
      const block = this.#ask(workers[turn++ % workers.length], { start: next, count }, split);
      block.catch(() => {}); // Reported when its turn comes.
      pending.push(block);
      next += count;
    };
    for (let i = 0; i < AHEAD * workers.length; i++) request();
    while (pending.length > 0) {
      signal?.throwIfAborted();
      const finish = await pending.shift()!;
      request();
      yield await finish();
    }
  }

  /**
   * Computes the first samples on the CPU, too, where a device computes; the CPU is always right.
   * @param split Where samples come from.
   * @param range Which samples.
   * @throws {DeviceError} if the device computes something else, or cannot compute it.
   * @throws {DataError} if samples cannot be read.
   */
  async check(
    split: SampleSource,
    { start, end }: Pick<RangeOptions, "start" | "end">,
  ): Promise<void> {
    const { model, microBatch } = this.#options;
    if ("bytes" in model || start >= end) return;
    const [worker] = await this.#open(split);
    const job = { start, count: Math.min(microBatch, end - start) };
    const samples = samplesOf(split, { job, rows: await worker.ask("read", job) });
    if (samples === undefined) return;
    const { graph, whole } = model;
    await requireRightDevice({ graph, whole, feeds: { samples } }, model);
  }

  async #open({ name, source, sampleShape }: SampleSource): Promise<readonly ExtractWorker[]> {
    const workers = await (this.#starting ??= this.#start());
    this.#name = name;
    this.#part = source.part;
    const split = { name, source, sampleShape };
    await Promise.all(workers.map((worker) => worker.ask("open", split)));
    return workers;
  }

  /** Gives a job to a thread; what is left to do then is done here. */
  async #ask(worker: ExtractWorker, job: Job, split: SampleSource): Promise<Finish> {
    const session = this.#session;
    if (session === undefined) {
      const block = await worker.ask("compute", job);
      return () => block;
    }
    const rows = await worker.ask("read", job);
    return () => computeFeatures(session, split, { job, rows });
  }

  /** Ends the threads. */
  async [Symbol.asyncDispose](): Promise<void> {
    const workers = await this.#starting?.catch(() => []) ?? [];
    await Promise.all(workers.map((worker) => worker.close()));
    await this.#session?.release();
    this.#session = undefined;
  }

  async #start(): Promise<readonly ExtractWorker[]> {
    const { workers: count, model, threads } = this.#options;
    const url = new URL("./_extract_worker.ts", import.meta.url);
    const lost = (reason: string) =>
      blame(this.#part, new Error(`Cannot extract ${this.#name}: a worker stopped: ${reason}`));
    const options = { name: "extractor", lost };
    const computing = "bytes" in model ? model : undefined;
    const workers: ExtractWorker[] = Array.from(
      { length: count },
      () => new WorkerChannel(url, { model: computing, threads }, options),
    );
    try {
      if (!("bytes" in model)) {
        const load = () => Session.compile(model.graph, model);
        this.#session = await onDevice(model.device, "load the encoder", load);
      }
      await Promise.all(workers.map(({ ready }) => ready));
      return workers;
    } catch (error) {
      await Promise.all(workers.map((worker) => worker.close()));
      throw error;
    }
  }
}
