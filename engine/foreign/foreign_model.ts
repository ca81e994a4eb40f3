/**
 * Runs a model that was trained and exported elsewhere: samples in, rows of one of its outputs out.
 * @module
 */
import { DataError } from "../errors.ts";
import { firstLine } from "../first_line.ts";
import { formatShape, sameShape, sizeOf } from "../ir/dims.ts";
import type { OnnxModel } from "../onnx/encode.ts";
import { Session, type Value } from "../runtime/session.ts";

/**
 * Samples that a model gets at once, where its file does not fix their number: few enough to stay
 * in the processor's caches.
 */
const MICRO_BATCH = 4;

/**
 * Which model, and what of it.
 * @category ONNX models
 */
export interface ForeignModelOptions {
  /** The `.onnx` file. */
  readonly file: string;
  /** Name of the input that takes samples; the model must have no other. */
  readonly input: string;
  /** Name of the output that is wanted. */
  readonly output: string;
  /** Shape of a sample. */
  readonly sampleShape: readonly number[];
  /** How many samples the model takes at once, where that is fixed. */
  readonly batch?: number;
  /** Threads within an operator. @default {all cores} */
  readonly threads?: number;
  /** What to compute with instead of what is in the file. */
  readonly model?: OnnxModel;
}

/** Rows of an output. */
export interface ForeignRows {
  /** Shape of one row. */
  readonly shape: readonly number[];
  /** `[samples, ...shape]`. */
  readonly values: Float32Array<ArrayBuffer>;
}

/** A model that is ready to run. */
export class ForeignModel {
  readonly #options: ForeignModelOptions;
  readonly #session: Session;

  private constructor(options: ForeignModelOptions, session: Session) {
    this.#options = options;
    this.#session = session;
  }

  /**
   * Opens a model.
   * @param options Which model, and what of it.
   * @throws {DataError} if it cannot be read, or is more than the runtime can do.
   */
  static async open(options: ForeignModelOptions): Promise<ForeignModel> {
    const { file, output, threads, model } = options;
    const settings = { threads, outputs: [output] };
    const session = model ? Session.load(model, settings) : Session.open(file, settings);
    return new ForeignModel(options, await session);
  }

  /** How many samples go into the model at once. */
  get batch(): number {
    return this.#options.batch ?? MICRO_BATCH;
  }

  /**
   * Runs the model. Blocks the thread while it computes.
   * @param samples `[samples, ...sampleShape]`, at least one.
   * @returns One row per sample.
   * @throws {DataError} if the model fails, or does not give one row of numbers per sample.
   */
  async run(samples: Float32Array<ArrayBuffer>): Promise<ForeignRows> {
    const { sampleShape } = this.#options;
    const size = sizeOf(sampleShape);
    const count = samples.length / size;
    let rows: ForeignRows | undefined;
    for (let at = 0; at < count; at += this.batch) {
      const part = samples.subarray(at * size, (at + this.batch) * size);
      const found = await this.#runBatch(part, part.length / size);
      rows ??= { ...found, values: new Float32Array(count * sizeOf(found.shape)) };
      if (!sameShape(rows.shape, found.shape)) throw this.#wrongShape(found.shape, 1);
      rows.values.set(found.values, at * sizeOf(rows.shape));
    }
    if (rows === undefined) throw new RangeError("Cannot run a model: there are no samples");
    return rows;
  }

  /** The same model, given one sample at a time. */
  singly(): ForeignModel {
    return new ForeignModel({ ...this.#options, batch: 1 }, this.#session);
  }

  /** Releases the runtime's memory. */
  async release(): Promise<void> {
    await this.#session.release();
  }

  /** Runs one batch; where its size is fixed and samples are too few, zeros fill it. */
  async #runBatch(samples: Float32Array<ArrayBuffer>, count: number): Promise<ForeignRows> {
    const { input, output, sampleShape, batch = count, file } = this.#options;
    const shape = [batch, ...sampleShape];
    let data = samples;
    if (batch > count) {
      data = new Float32Array(sizeOf(shape));
      data.set(samples);
    }
    const feeds = { [input]: { dtype: "float32", shape, data } as const };
    const results = await this.#session.run(feeds).catch((cause) => {
      throw new DataError(
        `Cannot run "${file}" on samples of the shape ${formatShape(shape)}: ${firstLine(cause)}`,
        { file, cause },
      );
    });
    const found = results[output];
    if (found.shape.length < 2 || found.shape[0] !== batch) {
      throw this.#wrongShape(found.shape, batch);
    }
    const row = found.shape.slice(1);
    return { shape: row, values: this.#numbers(found).slice(0, count * sizeOf(row)) };
  }

  #numbers({ dtype, data }: Value): Float32Array<ArrayBuffer> {
    // Every type that the runtime knows can come out, whatever it is that graphs of here hold.
    const values: unknown = data;
    if (values instanceof Float32Array) return values as Float32Array<ArrayBuffer>;
    if (values instanceof Float16Array || values instanceof Float64Array) {
      return Float32Array.from(values);
    }
    const { file, output } = this.#options;
    throw new DataError(
      `Cannot use "${file}": output "${output}" is ${dtype}, expected floating-point numbers`,
      { file, dataset: output },
    );
  }

  #wrongShape(shape: readonly number[], batch: number): DataError {
    const { file, output } = this.#options;
    return new DataError(
      `Cannot use "${file}": output "${output}" has the shape ${formatShape(shape)} for ` +
        `${batch} samples, expected one row per sample, all of one shape`,
      { file, dataset: output },
    );
  }
}

/**
 * What a model gives, and how many samples it can take.
 * @category ONNX models
 */
export interface ModelProbe {
  /** Shape of one row of the output. */
  readonly shape: readonly number[];
  /** How many samples the model must be given at once; absent where any number will do. */
  readonly batch?: number;
  /** Why it is given one sample at a time although its file leaves the number open. */
  readonly reason?: string;
}

/** Rows that differ by more than this part of their largest value are not the same. */
const TOLERANCE = 0.01;

/**
 * Finds out what a model gives, by running it on two samples: files do not always tell. A model that
 * fails on two, or makes other rows of them than of one after the other, gets one at a time.
 * @param options Which model, and what of it.
 * @returns Shape of one row of the output, and how many samples the model takes.
 * @throws {DataError} if it cannot be read or run, or does not give one row per sample.
 *
 * @example A file that gives two numbers for an image
 * ```ts
 * import { emit, encode, input, reduceMax } from "@glovita/glovita/engine";
 * import { probeModel } from "@glovita/glovita/pretrained";
 * import { assertEquals } from "@std/assert";
 *
 * const file = `${await Deno.makeTempDir()}/brightest.onnx`;
 * const pixels = input("pixels", "float32", ["batch", 2, 8, 8]);
 * await Deno.writeFile(file, encode(emit({ brightest: reduceMax(pixels, { axes: [2, 3] }) })));
 * const options = { file, input: "pixels", output: "brightest", sampleShape: [2, 8, 8] };
 * assertEquals(await probeModel(options), { shape: [2] });
 * ```
 *
 * @category ONNX models
 */
export async function probeModel(options: ForeignModelOptions): Promise<ModelProbe> {
  const model = await ForeignModel.open(options);
  try {
    // One sample of zeros, and one of all kinds of values.
    const size = sizeOf(options.sampleShape);
    const samples = Float32Array.from(
      { length: 2 * size },
      (_, i) => i < size ? 0 : i % 23 / 11 - 1,
    );
    if (options.batch !== undefined) {
      return { shape: (await model.run(samples)).shape, batch: options.batch };
    }
    return await probeBatches(model, samples);
  } finally {
    await model.release();
  }
}

async function probeBatches(
  model: ForeignModel,
  samples: Float32Array<ArrayBuffer>,
): Promise<ModelProbe> {
  let together: ForeignRows;
  try {
    together = await model.run(samples);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const single = await model.singly().run(samples).catch(() => {
      throw error; // which says it of samples as they would come
    });
    return { shape: single.shape, batch: 1, reason: "it fails on two" };
  }
  const { shape, values } = await model.singly().run(samples);
  if (areSame(together.values, values)) return { shape };
  return { shape, batch: 1, reason: "its rows depend on the samples beside them" };
}

function areSame(a: Float32Array, b: Float32Array): boolean {
  const largest = a.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return a.every((value, i) =>
    Object.is(value, b[i]) || Math.abs(value - b[i]) <= TOLERANCE * largest
  );
}
