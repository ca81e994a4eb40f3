/**
 * Where the loader's rows are read: on its own thread or in workers.
 * @module
 */
import { BatchReader, type ReaderOptions, type ReadJob } from "./_batch_reader.ts";
import { blame } from "../fault.ts";
import type { LoaderTopics } from "./_loader_worker.ts";
import type { Rows } from "./data.ts";
import { UnclonableSetup, WorkerChannel } from "./worker_channel.ts";

/** Reads jobs. Whoever drops a job's promise need not handle its rejection. */
export interface ReadPool {
  /**
   * @param job What to read; its buffer is taken over.
   * @param cancelled One element on shared memory; set it to drop jobs that have not begun.
   * @returns The rows, or `undefined` if the job was cancelled.
   */
  read(job: ReadJob, cancelled: Int32Array): Promise<Rows | undefined>;
  /** Closes sources and ends workers, after the reads that have begun. */
  close(): Promise<void>;
}

/** Reads on the thread of the caller. */
export class LocalPool implements ReadPool {
  readonly #options: ReaderOptions;
  #opening?: Promise<BatchReader>;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  read(job: ReadJob, cancelled: Int32Array): Promise<Rows | undefined> {
    // Moves the buffer, so that views on it end here as they do when a worker takes it.
    const owned = job.buffer ? { ...job, buffer: job.buffer.transfer() } : job;
    const rows = this.#turn.then(async () => {
      if (cancelled[0]) return undefined;
      this.#opening ??= BatchReader.open(this.#options);
      return await (await this.#opening).read(owned);
    });
    this.#turn = rows.catch(() => {});
    return rows;
  }

  async close(): Promise<void> {
    await this.#turn;
    const reader = await this.#opening?.catch(() => undefined);
    reader?.close();
  }
}

/** Reads in workers that take turns: job i goes to worker i modulo their number. */
export class WorkerPool implements ReadPool {
  readonly #options: ReaderOptions;
  readonly #workers: (LoaderWorker | undefined)[];
  #next = 0;

  constructor(options: ReaderOptions, workers: number) {
    this.#options = options;
    this.#workers = Array.from({ length: workers }, () => undefined);
  }

  read(job: ReadJob, cancelled: Int32Array): Promise<Rows | undefined> {
    const slot = this.#next++ % this.#workers.length;
    let worker = this.#workers[slot];
    if (!worker || worker.failed) {
      worker = startWorker(this.#options);
      this.#workers[slot] = worker;
    }
    return worker.ask("read", { job, cancelled }, job.buffer ? [job.buffer] : []);
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker?.close()));
  }
}

type LoaderWorker = WorkerChannel<LoaderTopics, ReaderOptions>;

function startWorker(options: ReaderOptions): LoaderWorker {
  const { name, source: { part } } = options;
  try {
    return new WorkerChannel(new URL("./_loader_worker.ts", import.meta.url), options, {
      name: `loader of ${name}`,
      // In a worker runs the code of the source and little else.
      lost: (reason) =>
        blame(part, new Error(`Cannot read ${name}: a loader worker stopped: ${reason}`)),
    });
  } catch (error) {
    if (!(error instanceof UnclonableSetup)) throw error;
    const state = "options of its source cannot be cloned";
    const message = `Cannot read ${name} in a worker: ${state}`;
    throw blame(part, new TypeError(message, { cause: error.cause }));
  }
}
