/**
 * Where the loader's rows are read: on its own thread or in workers.
 * @module
 */
import { BatchReader, type ReaderOptions, type ReadJob } from "./_batch_reader.ts";
import { restoreError } from "../error_record.ts";
import { faultOf } from "../fault.ts";
import type { Reply, Request } from "./_loader_protocol.ts";
import type { Rows } from "./data.ts";

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
  readonly #workers: (ReadWorker | undefined)[];
  #next = 0;

  constructor(options: ReaderOptions, workers: number) {
    this.#options = options;
    this.#workers = Array.from({ length: workers }, () => undefined);
  }

  read(job: ReadJob, cancelled: Int32Array): Promise<Rows | undefined> {
    const slot = this.#next++ % this.#workers.length;
    let worker = this.#workers[slot];
    if (!worker || worker.failed) {
      worker = new ReadWorker(this.#options);
      this.#workers[slot] = worker;
    }
    return worker.read(job, cancelled);
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker?.close()));
  }
}

/** The main thread's end of one worker. */
class ReadWorker {
  readonly #name: string;
  readonly #part: string | undefined;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<Rows | undefined>>();
  readonly #closed = Promise.withResolvers<void>();
  #failed = false;
  #nextId = 0;

  constructor(options: ReaderOptions) {
    this.#name = options.name;
    this.#part = options.source.part;
    const url = new URL("./loader_worker.ts", import.meta.url);
    this.#worker = new Worker(url.href, { type: "module", name: `loader of ${options.name}` });
    this.#worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#receive(data);
    this.#worker.onmessageerror = () => this.#fail("its message cannot be read");
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(event.message);
    };
    try {
      this.#post({ type: "open", options });
    } catch (cause) {
      this.#worker.terminate();
      throw this.#blamed(
        new TypeError(
          `Cannot read ${options.name} in a worker: options of its source cannot be cloned`,
          { cause },
        ),
      );
    }
  }

  /** Whether the worker broke down, so that another one has to take its place. */
  get failed(): boolean {
    return this.#failed;
  }

  read(job: ReadJob, cancelled: Int32Array): Promise<Rows | undefined> {
    const id = this.#nextId++;
    const waiting = Promise.withResolvers<Rows | undefined>();
    this.#waiting.set(id, waiting);
    this.#post({ type: "read", id, job, cancelled }, job.buffer ? [job.buffer] : []);
    return waiting.promise;
  }

  close(): Promise<void> {
    if (this.#failed) return Promise.resolve();
    this.#post({ type: "close" });
    return this.#closed.promise;
  }

  #post(request: Request, transfer: Transferable[] = []): void {
    this.#worker.postMessage(request, transfer);
  }

  #receive(reply: Reply): void {
    if (reply.type === "closed") {
      this.#worker.terminate();
      if (reply.error) this.#closed.reject(restoreError(reply.error));
      else this.#closed.resolve();
      return;
    }
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.type === "error") waiting?.reject(restoreError(reply.error));
    else waiting?.resolve(reply.rows);
  }

  /** In a worker runs the code of the source and little else. */
  #blamed(error: Error): unknown {
    return this.#part === undefined ? error : faultOf(this.#part, error);
  }

  /** The worker itself broke down: nothing will come from it any more. */
  #fail(reason: string): void {
    this.#failed = true;
    this.#worker.terminate();
    const error = this.#blamed(
      new Error(`Cannot read ${this.#name}: a loader worker stopped: ${reason}`),
    );
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#closed.resolve();
  }
}
