/**
 * Computing features of many samples: a pool of threads, each of which reads samples and runs the
 * encoder on a few of them at a time.
 * @module
 */
import { restoreError } from "../error_record.ts";
import type { Split } from "../train/data.ts";
import type { OnnxModel } from "../onnx/encode.ts";
import type { Job, Reply, Request, WorkerSetup } from "./_protocol.ts";
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
 * Computes features of a split's samples. Samples are grouped by their index, so that results do
 * not depend on the number of workers or on where a run begins.
 */
export class Extractor implements AsyncDisposable {
  readonly #workers: ExtractWorker[];
  readonly #microBatch: number;

  private constructor(workers: ExtractWorker[], microBatch: number) {
    this.#workers = workers;
    this.#microBatch = microBatch;
  }

  /**
   * Starts the threads.
   * @param split Where samples come from.
   * @param options The model, and how many threads.
   * @throws {DataError} if the source cannot be opened.
   */
  static async create(
    { name, source, sampleShape }: Pick<Split, "name" | "source" | "sampleShape">,
    options: ExtractorOptions,
  ): Promise<Extractor> {
    const { model, workers = 1, threads = 1, microBatch = MICRO_BATCH } = options;
    const setup: WorkerSetup = { name, source, sampleShape, model, threads };
    const pool = Array.from({ length: workers }, () => new ExtractWorker(setup));
    const extractor = new Extractor(pool, microBatch);
    try {
      await Promise.all(pool.map((worker) => worker.ready));
    } catch (error) {
      await extractor[Symbol.asyncDispose]();
      throw error;
    }
    return extractor;
  }

  /**
   * Computes features in the order of the samples, a micro-batch at a time.
   * @param options Which samples.
   * @throws {DataError} if a sample cannot be read and the source tolerates no broken ones.
   */
  async *run({ start, end, signal }: RangeOptions): AsyncIterableIterator<FeatureBlock> {
    const pending: Promise<FeatureBlock>[] = [];
    let next = start;
    let turn = 0;
    const request = (): void => {
      if (next >= end) return;
      // Micro-batches lie on a grid that begins at 0.
      const count = Math.min(this.#microBatch - next % this.#microBatch, end - next);
      const block = this.#workers[turn++ % this.#workers.length].compute({ start: next, count });
      block.catch(() => {}); // Told in turn.
      pending.push(block);
      next += count;
    };
    for (let i = 0; i < AHEAD * this.#workers.length; i++) request();
    while (pending.length > 0) {
      signal?.throwIfAborted();
      const block = await pending.shift()!;
      request();
      yield block;
    }
  }

  /** Ends the threads. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()));
  }
}

/** The main thread's end of one worker. */
class ExtractWorker {
  readonly #name: string;
  readonly #worker: Worker;
  readonly #ready = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  /** Jobs on their way, in their order. */
  readonly #waiting: PromiseWithResolvers<FeatureBlock>[] = [];
  #isReady = false;
  #failure: Error | undefined;

  constructor(setup: WorkerSetup) {
    this.#name = setup.name;
    const url = new URL("./_extract_worker.ts", import.meta.url);
    this.#worker = new Worker(url.href, { type: "module", name: `extractor of ${setup.name}` });
    this.#worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#receive(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(new Error(`Cannot extract ${this.#name}: a worker stopped: ${event.message}`));
    };
    this.#ready.promise.catch(() => {});
    this.#post({ type: "open", setup });
  }

  /** Resolves when the source and the model are open. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  compute(job: Job): Promise<FeatureBlock> {
    if (this.#failure) return Promise.reject(this.#failure);
    const waiting = Promise.withResolvers<FeatureBlock>();
    this.#waiting.push(waiting);
    this.#post({ type: "job", job });
    return waiting.promise;
  }

  close(): Promise<void> {
    if (this.#failure) return Promise.resolve();
    this.#post({ type: "close" });
    return this.#closed.promise;
  }

  #post(request: Request): void {
    this.#worker.postMessage(request);
  }

  #receive(reply: Reply): void {
    switch (reply.type) {
      case "ready":
        this.#isReady = true;
        return this.#ready.resolve();
      case "features": {
        const { job, features, skipped } = reply;
        return this.#waiting.shift()?.resolve({ ...job, features, skipped });
      }
      case "error": {
        const error = restoreError(reply.error);
        return this.#isReady ? this.#waiting.shift()?.reject(error) : this.#fail(error);
      }
      case "closed":
        this.#worker.terminate();
        return this.#closed.resolve();
      default:
        reply satisfies never;
    }
  }

  /** Nothing will come from the worker any more. */
  #fail(error: Error): void {
    this.#failure = error;
    this.#worker.terminate();
    this.#ready.reject(error);
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    this.#closed.resolve();
  }
}
