/**
 * One pass over a loader's batches.
 * @module
 */
import type { ReadJob } from "./_batch_reader.ts";
import type { Batch, Rows, Split } from "./data.ts";
import type { ReadPool } from "./_read_pool.ts";

/** What an epoch reads and how. */
export interface EpochPlan {
  readonly split: Split;
  readonly pool: ReadPool;
  /** Samples in the order of their visit, only those of the epoch's batches. */
  readonly order: Int32Array<ArrayBuffer>;
  readonly batchSize: number;
  /** Batches that are requested beyond the one that was handed out. */
  readonly ahead: number;
  readonly reuseBuffers: boolean;
  readonly limit?: ReadJob["limit"];
  readonly random?: ReadJob["random"];
  readonly signal?: AbortSignal;
  /** Called once, when the epoch needs nothing more. */
  onEnd(): void;
}

/** A batch on its way. */
interface Pending {
  readonly indices: Int32Array<ArrayBuffer>;
  readonly rows: Promise<Rows | undefined>;
}

/** Requests batches ahead and hands them out in order. */
export class Epoch implements AsyncIterableIterator<Batch> {
  readonly #plan: EpochPlan;
  readonly #pending: Pending[] = [];
  readonly #cancelled = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #abort = () => this.stop({ error: this.#plan.signal?.reason });
  #requested = 0;
  #ended = false;
  /** Why the epoch ended early, until `next` has told it. */
  #failure: { readonly error: unknown } | undefined;
  /** Wakes `next` when the epoch is stopped while it waits for rows. */
  #wake: (() => void) | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  /** Why samples could not be read that no batch has told yet. */
  readonly #unread: string[] = [];
  /** Memory of the batch handed out last. */
  #lent: ArrayBuffer | undefined;

  constructor(plan: EpochPlan) {
    this.#plan = plan;
  }

  /** Requests the first batches. */
  begin(): void {
    const { signal, ahead } = this.#plan;
    if (signal?.aborted) return this.#abort();
    signal?.addEventListener("abort", this.#abort, { once: true });
    try {
      this.#request(ahead);
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next batch; calls that overlap are answered in turn. */
  next(): Promise<IteratorResult<Batch>> {
    const turn = this.#turn.then(() => this.#advance());
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** Ends the epoch before its time. */
  return(): Promise<IteratorResult<Batch>> {
    this.stop();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Drops what is on its way; `next` tells the failure, if there is one, and then that it is over. */
  stop(failure?: { readonly error: unknown }): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    Atomics.store(this.#cancelled, 0, 1);
    this.#pending.length = 0;
    this.#lent = undefined;
    this.#plan.signal?.removeEventListener("abort", this.#abort);
    this.#wake?.();
    this.#plan.onEnd();
  }

  async #advance(): Promise<IteratorResult<Batch>> {
    if (this.#ended) return this.#over();
    const buffer = this.#lent;
    this.#lent = undefined;
    if (this.#pending.length === 0) this.#request(1, buffer);
    const head = this.#pending.shift()!;
    let rows: Rows | undefined;
    try {
      rows = await this.#unlessStopped(head.rows);
    } catch (error) {
      this.stop({ error });
    }
    this.#wake = undefined;
    if (this.#ended || !rows) return this.#over();
    if (this.#plan.reuseBuffers) this.#lent = rows.features.buffer;
    this.#request(this.#plan.ahead, buffer);
    // Nothing was left to request: frees it now, garbage collection would do so late.
    if (buffer?.byteLength) buffer.transfer(0);
    const last = this.#pending.length === 0 && this.#requested >= this.#plan.order.length;
    if (last) this.stop();
    // Nobody can compute with a batch of which nothing could be read.
    this.#unread.push(...rows.skipped?.map(({ reason }) => reason) ?? []);
    const empty = rows.skipped?.length === head.indices.length;
    if (empty) return last ? this.#over() : await this.#advance();
    return { done: false, value: this.#batch(head.indices, rows) };
  }

  #over(): IteratorResult<Batch> {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure.error;
    return { done: true, value: undefined };
  }

  /** Requests batches until `count` are pending. */
  #request(count: number, buffer?: ArrayBuffer): void {
    const { split, pool, order, batchSize, limit, random } = this.#plan;
    while (this.#pending.length < count && this.#requested < order.length) {
      const indices = order.slice(this.#requested, this.#requested + batchSize);
      this.#requested += indices.length;
      const lengths = split.bagLengths && indices.map((sample) => split.bagLengths![sample]);
      // A buffer that went to a worker has length 0 here: only the first request takes it.
      const free = buffer?.byteLength ? buffer : undefined;
      const rows = pool.read({ indices, lengths, limit, random, buffer: free }, this.#cancelled);
      // Rejections are reported in order; until then they must not count as unhandled.
      rows.catch(() => {});
      this.#pending.push({ indices, rows });
    }
  }

  /** Resolves to `undefined` as soon as the epoch is stopped. */
  #unlessStopped(rows: Promise<Rows | undefined>): Promise<Rows | undefined> {
    return new Promise((resolve, reject) => {
      this.#wake = () => resolve(undefined);
      rows.then(resolve, reject);
    });
  }

  #batch(requested: Int32Array<ArrayBuffer>, { features, lengths, skipped }: Rows): Batch {
    const { values, width } = this.#plan.split.labels;
    const gone = new Set(skipped?.map(({ position }) => position));
    const indices = skipped ? requested.filter((_, at) => !gone.has(at)) : requested;
    const size = indices.length;
    const labels = values instanceof Int32Array
      ? new Int32Array(size * width)
      : new Float32Array(size * width);
    for (let i = 0; i < size; i++) {
      labels.set(values.subarray(indices[i] * width, (indices[i] + 1) * width), i * width);
    }
    const rows = lengths ? lengths.reduce((sum, length) => sum + length, 0) : size;
    return {
      ...{ features, rows, size, lengths, labels, indices },
      ...(this.#unread.length > 0 && { skipped: this.#unread.splice(0) }),
    };
  }
}
