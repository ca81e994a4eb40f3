/**
 * Runs a model that was trained and exported elsewhere: samples in, rows of one of its outputs out.
 * @module
 */
import { DataError } from "../errors.ts";
import { firstLine } from "../first_line.ts";
import { formatShape, sameShape, sizeOf } from "../ir/dims.ts";
import { Session, type Value } from "../runtime/session.ts";

/**
 * Samples that a model gets at once, where its file does not fix their number: few enough to stay
 * in the processor's caches.
 */
const MICRO_BATCH = 4;

/** Which model, and what of it. */
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
    const { file, output, threads } = options;
    return new ForeignModel(options, await Session.open(file, { threads, outputs: [output] }));
  }

  /** How many samples go into the model at once. */
  get batch(): number {
    return this.#options.batch ?? MICRO_BATCH;
  }

  /**
   * Runs the model. Blocks the thread while it computes.
   * @param samples `[samples, ...sampleShape]`, at least one.
   * @returns One row a sample.
   * @throws {DataError} if the model fails, or does not give one row of numbers a sample.
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
        `${batch} samples, expected one row a sample, all of one shape`,
      { file, dataset: output },
    );
  }
}

/**
 * Finds out what a model gives, by running it on zeros: files do not always tell.
 * @param options Which model, and what of it.
 * @returns Shape of one row of the output.
 * @throws {DataError} if it cannot be read or run, or does not give one row a sample.
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
 * assertEquals(await probeModel(options), [2]);
 * ```
 */
export async function probeModel(options: ForeignModelOptions): Promise<readonly number[]> {
  const model = await ForeignModel.open(options);
  try {
    // Of two samples, so that the rows' number shows whether they belong to samples.
    return (await model.run(new Float32Array(2 * sizeOf(options.sampleShape)))).shape;
  } finally {
    await model.release();
  }
}
