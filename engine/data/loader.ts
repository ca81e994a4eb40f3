/**
 * Reads the batches of a split, ahead of the thread that computes with them.
 * @module
 */
import { sizeOf } from "../ir/dims.ts";
import type { InstanceLimit } from "./_batch_reader.ts";
import type { Batch, Split } from "./data.ts";
import { Epoch } from "./_epoch.ts";
import { LocalPool, type ReadPool, WorkerPool } from "./_read_pool.ts";
import { classWeights, epochOrder } from "./sampler.ts";

/** What batches a {@linkcode Loader} makes, and how it reads them. */
export interface LoaderOptions {
  /** Samples per batch; the last one of an epoch may have fewer. */
  readonly batchSize: number;
  /** Visit samples in an order that is new each epoch. @default {false} */
  readonly shuffle?: boolean;
  /** Seed of everything random here. @default {0} */
  readonly seed?: number;
  /** Leave out a last batch with fewer than `batchSize` samples. @default {false} */
  readonly dropLast?: boolean;
  /** Most batches of an epoch: with `shuffle`, those of other samples each epoch. */
  readonly maxBatches?: number;
  /** Samples that are visited, instead of all. */
  readonly subset?: Int32Array;
  /**
   * Draw samples with replacement so that all classes are equally likely; an epoch has as many
   * draws as there are samples, and `shuffle` has no meaning. @default {false}
   */
  readonly weighted?: boolean;
  /** Read at most so many instances of a bag, others each epoch. Meant for training. */
  readonly maxInstances?: number;
  /** Threads that read; 0 reads on the thread of the caller. Batches are the same. @default {1} */
  readonly workers?: number;
  /** Batches that each worker reads ahead. Bounds memory. @default {2} */
  readonly prefetchFactor?: number;
  /**
   * Reuse a batch's memory when the next batch comes: `features` of the one before then has length
   * 0. Saves page faults and garbage in loops that keep no batch. @default {false}
   */
  readonly reuseBuffers?: boolean;
}

/** How one epoch is read. */
export interface EpochOptions {
  /** Ends the epoch: `next` rejects with the signal's reason, and reading stops. */
  readonly signal?: AbortSignal;
}

/**
 * Makes batches of a split, epoch by epoch. Its workers start with the first epoch, keep the file
 * open, and read ahead even while the thread that computes is blocked. Same seed, same batches,
 * whatever the number of workers. Close it, or the workers keep the process alive.
 *
 * @example Two epochs of a source that counts
 * ```ts
 * import { Loader } from "./loader.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const code = `export const openSource = () => ({
 *   read: (indices) => ({ features: Float32Array.from(indices) }),
 *   close() {},
 * })`;
 * const split = {
 *   name: "counts",
 *   length: 5,
 *   labels: { values: new Int32Array(5), width: 1 },
 *   sampleShape: [1],
 *   source: { module: `data:text/javascript,${encodeURIComponent(code)}`, options: {} },
 * };
 * await using loader = new Loader(split, { batchSize: 2 });
 * for (const epoch of [0, 1]) {
 *   const features: number[] = [];
 *   for await (const batch of loader.epoch(epoch)) features.push(...batch.features);
 *   assertEquals(features, [0, 1, 2, 3, 4]);
 * }
 * ```
 */
export class Loader implements AsyncDisposable {
  /** Batches that each epoch has. */
  readonly batchesPerEpoch: number;
  /** Samples that epochs choose from, those that `dropLast` or `maxBatches` leave out included. */
  readonly samples: number;

  /** What is read. */
  readonly split: Split;
  readonly #options: Required<Omit<LoaderOptions, "subset" | "maxInstances" | "maxBatches">>;
  readonly #maxInstances: number | undefined;
  readonly #samples: Int32Array;
  readonly #weights: Float64Array | undefined;
  readonly #pool: ReadPool;
  readonly #epochs = new Set<Epoch>();
  #closing: Promise<void> | undefined;

  /**
   * Plans the batches of a split.
   *
   * @param split What to read. Nothing is opened before the first epoch.
   * @param options Batches and reading.
   * @throws {RangeError} if an option is out of range, or no batch would be left.
   * @throws {TypeError} if `weighted` or `maxInstances` does not fit the split.
   */
  constructor(split: Split, options: LoaderOptions) {
    this.split = split;
    this.#options = {
      shuffle: false,
      seed: 0,
      dropLast: false,
      weighted: false,
      workers: 1,
      prefetchFactor: 2,
      reuseBuffers: false,
      ...definedOnly(options),
    };
    this.#maxInstances = options.maxInstances;
    this.#checkOptions();
    requireInteger(options.maxBatches ?? 1, "maxBatches", 1);
    this.#samples = selectSamples(split, options.subset);
    this.samples = this.#samples.length;
    const { batchSize, dropLast, weighted, workers } = this.#options;
    const batches = this.samples / batchSize;
    this.batchesPerEpoch = Math.min(
      options.maxBatches ?? Infinity,
      dropLast ? Math.floor(batches) : Math.ceil(batches),
    );
    if (this.batchesPerEpoch === 0) {
      throw new RangeError(
        `Cannot make batches of ${split.name}: it has ${this.samples} samples` +
          (dropLast ? `, dropLast leaves out a batch of fewer than ${batchSize}` : ""),
      );
    }
    if (weighted) this.#weights = classWeights(split.labels, this.#samples);
    const rowSize = sizeOf(split.sampleShape);
    const reader = { name: split.name, source: split.source, rowSize };
    this.#pool = workers === 0 ? new LocalPool(reader) : new WorkerPool(reader, workers);
  }

  /** Samples of a batch, at most. */
  get batchSize(): number {
    return Math.min(this.#options.batchSize, this.samples);
  }

  /**
   * Begins an epoch: its first batches are requested at once, so that it can be begun before it is
   * needed. Leaving the iteration early is fine; so is a second epoch beside the first, which then
   * has its own batches in memory.
   *
   * @param epoch Number of the epoch, from 0; decides what is random in it.
   * @param options A signal that ends it.
   * @returns The batches. The iteration rejects with a `DataError` if rows cannot be used, and is
   * over then; the loader can begin other epochs.
   * @throws {RangeError} if `epoch` is not an integer from 0.
   * @throws {TypeError} if the options of the split's source cannot be sent to a worker.
   * @throws {Error} if the loader is closed.
   */
  epoch(epoch: number, options: EpochOptions = {}): AsyncIterableIterator<Batch> {
    requireInteger(epoch, "epoch", 0);
    if (this.#closing) {
      throw new Error(`Cannot begin epoch ${epoch} of ${this.split.name}: the loader is closed`);
    }
    const { batchSize, seed, shuffle, workers, prefetchFactor, reuseBuffers } = this.#options;
    const order = epochOrder(this.#samples, { seed, epoch, shuffle, weights: this.#weights });
    const run = new Epoch({
      split: this.split,
      pool: this.#pool,
      order: order.subarray(0, this.batchesPerEpoch * batchSize),
      batchSize,
      ahead: workers * prefetchFactor,
      reuseBuffers,
      limit: this.#limit(epoch),
      random: { seed, epoch },
      signal: options.signal,
      onEnd: () => this.#epochs.delete(run),
    });
    this.#epochs.add(run);
    run.begin();
    return run;
  }

  /** Indices of the samples that each epoch visits. */
  get indices(): Int32Array {
    return this.#samples;
  }

  /**
   * Makes a loader of the same batches of other rows.
   * @param split A split with as many samples, in the same order.
   * @param workers Threads that read. @default {as many as here}
   */
  over(split: Split, workers: number = this.#options.workers): Loader {
    const { batchSize, ...options } = this.#options;
    const { indices: subset } = this;
    return new Loader(split, { ...options, batchSize, subset, workers });
  }

  /**
   * Ends the epochs that are under way, closes the source and ends the workers.
   *
   * @returns When all that has happened; a read that has begun is waited for.
   */
  close(): Promise<void> {
    if (!this.#closing) {
      const error = new Error(`Cannot read ${this.split.name}: the loader is closed`);
      for (const epoch of this.#epochs) epoch.stop({ error });
      this.#closing = this.#pool.close();
    }
    return this.#closing;
  }

  /** Same as {@linkcode close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #limit(epoch: number): InstanceLimit | undefined {
    const count = this.#maxInstances;
    return count === undefined ? undefined : { count, seed: this.#options.seed, epoch };
  }

  #checkOptions(): void {
    const { batchSize, seed, workers, prefetchFactor } = this.#options;
    requireInteger(seed, "seed", Number.MIN_SAFE_INTEGER);
    requireInteger(batchSize, "batchSize", 1);
    requireInteger(workers, "workers", 0);
    requireInteger(prefetchFactor, "prefetchFactor", 1);
    if (this.#maxInstances === undefined) return;
    requireInteger(this.#maxInstances, "maxInstances", 1);
    if (this.split.bagLengths) return;
    throw new TypeError(`Cannot limit instances of ${this.split.name}: its samples are not bags`);
  }
}

/** Options without those that are `undefined`, which must not hide defaults. */
function definedOnly(options: LoaderOptions): LoaderOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as unknown as LoaderOptions;
}

function requireInteger(value: number, name: string, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new RangeError(`Cannot load with ${name} ${value}: expected an integer from ${least}`);
}

function selectSamples({ name, length }: Split, subset: Int32Array | undefined): Int32Array {
  if (!subset) return Int32Array.from({ length }, (_, sample) => sample);
  for (const sample of subset) {
    if (sample < 0 || sample >= length) {
      throw new RangeError(`Cannot select sample ${sample} of ${name}: it has ${length} samples`);
    }
  }
  return subset.slice();
}
