/**
 * Computing features of many samples: a pool of threads, each of which reads samples and runs the
 * encoder on a few of them at a time.
 * @module
 */
import { restoreError } from "../error_record.ts";
import { faultOf } from "../fault.ts";
import type { OnnxModel } from "../onnx/encode.ts";
import type { Job, Reply, Request, SampleSource, WorkerSetup } from "./_protocol.ts";
import type { FeatureBlock } from "./journal.ts";

/** Samples that are computed at once where nothing else is asked for, as the caches like it. */
export const MICRO_BATCH = 2;

/** What the features are computed with. */
export interface ExtractorOptions {
  /** `samples [batch, ...sampleShape]` to `features [batch, D]`; constants in shared memory are not copied. */
  readonly model: OnnxModel;
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

/** Jobs that a worker has at hand: one it computes, one it reads, one that waits. */
const AHEAD = 3;

/**
 * Computes features of the samples of splits, one split after the other. Samples are grouped by
 * their index, so that results do not depend on the number of workers or on where a run begins.
 */
export class Extractor implements AsyncDisposable {
  readonly #options: Required<ExtractorOptions>;
  #starting: Promise<readonly ExtractWorker[]> | undefined;

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
    const workers = await (this.#starting ??= startWorkers(this.#options));
    await Promise.all(workers.map((worker) => worker.open(split)));
    const pending: Promise<FeatureBlock>[] = [];
    let next = start;
    let turn = 0;
    const request = (): void => {
      if (next >= end) return;
      // Micro-batches lie on a grid that begins at 0.
      const count = Math.min(microBatch - next % microBatch, end - next);
      const block = workers[turn++ % workers.length].compute({ start: next, count });
      block.catch(() => {}); // Told in turn.
      pending.push(block);
      next += count;
    };
    for (let i = 0; i < AHEAD * workers.length; i++) request();
    while (pending.length > 0) {
      signal?.throwIfAborted();
      const block = await pending.shift()!;
      request();
      yield block;
    }
  }

  /** Ends the threads. */
  async [Symbol.asyncDispose](): Promise<void> {
    const workers = await this.#starting?.catch(() => []) ?? [];
    await Promise.all(workers.map((worker) => worker.close()));
  }
}

async function startWorkers(
  { workers: count, ...setup }: Required<ExtractorOptions>,
): Promise<readonly ExtractWorker[]> {
  const workers = Array.from({ length: count }, () => new ExtractWorker());
  try {
    await Promise.all(workers.map((worker) => worker.load(setup)));
    return workers;
  } catch (error) {
    await Promise.all(workers.map((worker) => worker.close()));
    throw error;
  }
}

/** The main thread's end of one worker, which answers in the order in which it is asked. */
class ExtractWorker {
  readonly #worker: Worker;
  readonly #closed = Promise.withResolvers<void>();
  readonly #waiting: PromiseWithResolvers<FeatureBlock | undefined>[] = [];
  /** What it works on, for messages. */
  #name = "features";
  /** What its source belongs to. */
  #part: string | undefined;
  #failure: unknown;

  constructor() {
    const url = new URL("./_extract_worker.ts", import.meta.url);
    this.#worker = new Worker(url.href, { type: "module", name: "extractor" });
    this.#worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#receive(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      const state = `a worker stopped: ${event.message}`;
      const error = new Error(`Cannot extract ${this.#name}: ${state}`);
      this.#fail(this.#part === undefined ? error : faultOf(this.#part, error));
    };
  }

  async load({ model, threads }: WorkerSetup): Promise<void> {
    await this.#ask({ type: "load", setup: { model, threads } });
  }

  async open({ name, source, sampleShape }: SampleSource): Promise<void> {
    this.#name = name;
    this.#part = source.part;
    await this.#ask({ type: "open", split: { name, source, sampleShape } });
  }

  async compute(job: Job): Promise<FeatureBlock> {
    return (await this.#ask({ type: "job", job }))!;
  }

  close(): Promise<void> {
    if (this.#failure) return Promise.resolve();
    this.#worker.postMessage({ type: "close" } satisfies Request);
    return this.#closed.promise;
  }

  #ask(request: Request): Promise<FeatureBlock | undefined> {
    if (this.#failure) return Promise.reject(this.#failure);
    const waiting = Promise.withResolvers<FeatureBlock | undefined>();
    this.#waiting.push(waiting);
    this.#worker.postMessage(request);
    return waiting.promise;
  }

  #receive(reply: Reply): void {
    switch (reply.type) {
      case "ready":
        return this.#waiting.shift()?.resolve(undefined);
      case "features": {
        const { job, features, skipped } = reply;
        return this.#waiting.shift()?.resolve({ ...job, features, skipped });
      }
      case "error":
        return this.#waiting.shift()?.reject(restoreError(reply.error));
      case "closed":
        this.#worker.terminate();
        return this.#closed.resolve();
      default:
        reply satisfies never;
    }
  }

  /** Nothing will come from the worker any more. */
  #fail(error: unknown): void {
    this.#failure = error;
    this.#worker.terminate();
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    this.#closed.resolve();
  }
}
