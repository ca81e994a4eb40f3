/**
 * Reads the rows of one batch after the other from a source: what the loader's threads do.
 * @module
 */
import { onBehalfOf } from "../fault.ts";
import { deriveSeed } from "../random.ts";
import type { ReadOptions, ReadRandom, Rows, SkippedSample, Source, SourceModule } from "./data.ts";
import { openSplitSource } from "./open_source.ts";
import { drawInstances } from "./sampler.ts";

/** What a reading thread knows about its split. Survives structured cloning. */
export interface ReaderOptions {
  /** Name of the split, for messages. */
  readonly name: string;
  /** How the source is opened. */
  readonly source: SourceModule;
  /** Values per row. */
  readonly rowSize: number;
}

/** Limits how many instances of each bag are read. */
export interface InstanceLimit {
  readonly count: number;
  readonly seed: number;
  readonly epoch: number;
}

/** The rows that one batch wants. Survives structured cloning. */
export interface ReadJob {
  /** Samples to read. */
  readonly indices: Int32Array<ArrayBuffer>;
  /** Instances that each of those bags has in the file; absent when samples are not bags. */
  readonly lengths?: Int32Array<ArrayBuffer>;
  readonly limit?: InstanceLimit;
  readonly random?: ReadRandom;
  /** Memory that is free to hold the rows. */
  readonly buffer?: ArrayBuffer;
}

/** Opens a source once and reads jobs from it. */
export class BatchReader {
  readonly #options: ReaderOptions;
  readonly #source: Source;
  #largest = 0;

  private constructor(options: ReaderOptions, source: Source) {
    this.#options = options;
    this.#source = source;
  }

  /**
   * @throws {TypeError} if the source's module cannot be imported or does not export `openSource`.
   */
  static async open(options: ReaderOptions): Promise<BatchReader> {
    return new BatchReader(options, await openSplitSource(options));
  }

  /**
   * @throws {DataError} as the source says.
   * @throws {TypeError} if the source returns another number of rows than the split announced.
   * @throws {PartError} instead, if the source names the part that it belongs to.
   */
  async read(job: ReadJob): Promise<Rows> {
    const instances = chooseInstances(job);
    const lengths = job.lengths?.map((length, i) => instances?.[i]?.length ?? length);
    const rows = lengths ? lengths.reduce((sum, n) => sum + n, 0) : job.indices.length;
    const into = job.buffer && this.#claim(job.buffer, rows * this.#options.rowSize);
    const options: ReadOptions = { instances, into, random: job.random };
    const result = await this.#source.read(job.indices, options);
    if (result.features.buffer !== into?.buffer) into?.buffer.transfer(0);
    const { skipped } = result;
    const left = lengths && skipped ? without(lengths, skipped) : lengths;
    const missing = lengths && left
      ? rows - left.reduce((sum, n) => sum + n, 0)
      : skipped?.length ?? 0;
    onBehalfOf(this.#options.source.part, () => {
      this.#check(result, (rows - missing) * this.#options.rowSize, left);
    });
    const features = detached(result.features, into);
    return { features, lengths: left, ...(skipped?.length && { skipped }) };
  }

  /** Releases the source. */
  close(): void {
    this.#source.close();
  }

  /** A view of `size` values on `buffer`, or on a new one if that is too small. */
  #claim(buffer: ArrayBuffer, size: number): Float32Array<ArrayBuffer> {
    const bytes = size * Float32Array.BYTES_PER_ELEMENT;
    this.#largest = Math.max(this.#largest, bytes);
    if (buffer.byteLength >= bytes) return new Float32Array(buffer, 0, size);
    // Frees it now: garbage collection does not see how large it is in time.
    buffer.transfer(0);
    return new Float32Array(new ArrayBuffer(this.#largest), 0, size);
  }

  #check(result: Rows, values: number, lengths: Int32Array | undefined): void {
    const { name, source } = this.#options;
    if (result.features.length !== values) {
      throw new TypeError(
        `Cannot use rows of ${name}: "${source.module}" returned ${result.features.length} ` +
          `values, expected ${values}`,
      );
    }
    const bag = lengths?.findIndex((length, i) => result.lengths?.[i] !== length) ?? -1;
    if (bag < 0) return;
    throw new TypeError(
      `Cannot use rows of ${name}: "${source.module}" returned ${result.lengths?.[bag] ?? "no"} ` +
        `instances for bag ${bag} of the batch, expected ${lengths?.[bag]}`,
    );
  }
}

/** Instances to keep of each bag, or `undefined` if all bags are read whole. */
function chooseInstances(job: ReadJob): (Int32Array | undefined)[] | undefined {
  const { indices, lengths, limit } = job;
  if (!lengths || !limit || lengths.every((length) => length <= limit.count)) return undefined;
  return Array.from(lengths, (length, i) => {
    const seed = deriveSeed(limit.seed, "instances", limit.epoch, indices[i]);
    return drawInstances(length, limit.count, seed);
  });
}

/** Lengths of the bags that could be read. */
function without(
  lengths: Int32Array<ArrayBuffer>,
  skipped: readonly SkippedSample[],
): Int32Array<ArrayBuffer> {
  const positions = new Set(skipped.map(({ position }) => position));
  return lengths.filter((_, position) => !positions.has(position));
}

/** Rows that may leave the thread: whatever shares its buffer with other things is copied. */
function detached(
  features: Float32Array<ArrayBuffer>,
  into: Float32Array | undefined,
): Float32Array<ArrayBuffer> {
  const { buffer } = features;
  if (buffer === into?.buffer || features.byteLength === buffer.byteLength) return features;
  return features.slice();
}
