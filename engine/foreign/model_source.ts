/**
 * Reads samples through a model that was exported elsewhere: a stage between a dataset's source and
 * whoever reads it, on the thread that reads.
 * @module
 */
import { onBehalfOf, refuse } from "../fault.ts";
import { sizeOf } from "../ir/dims.ts";
import type { ReadOptions, Rows, SkippedSample, Source, SourceModule } from "../data/data.ts";
import { openSplitSource } from "../data/open_source.ts";
import { ForeignModel, type ForeignModelOptions } from "./foreign_model.ts";

/** URL of this module, which {@linkcode wrapSource} names. */
const MODEL_SOURCE_URL: string = import.meta.url;

/** Samples that are read at once at least, so that decoding them can go on side by side. */
const MIN_READ = 4;

/**
 * What the stage needs to know; survives structured cloning.
 * @category ONNX models
 */
export interface ModelSourceOptions extends ForeignModelOptions {
  /** Where the samples come from. */
  readonly inner: SourceModule;
}

/**
 * Puts a model behind a source.
 * @param options Source and model.
 * @returns A source whose rows are those of the model's output.
 *
 * @example The brightest value of an image of one channel
 * ```ts
 * import { emit, encode, input, reduceMax } from "@glovita/glovita/engine";
 * import { RAW_IMAGE_SOURCE_URL } from "@glovita/glovita/images";
 * import { wrapSource } from "@glovita/glovita/pretrained";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * const [file, images] = [`${folder}/brightest.onnx`, `${folder}/images.bin`];
 * const pixels = input("pixels", "float32", ["batch", 1, 1, 2]);
 * await Deno.writeFile(file, encode(emit({ brightest: reduceMax(pixels, { axes: [2, 3] }) })));
 * await Deno.writeFile(images, Uint8Array.of(0, 51)); // one image of two pixels
 *
 * const blocks = [{ file: images, count: 1, offset: 0, stride: 2 }];
 * const options = { blocks, shape: [1, 1, 2], transform: { channels: 1, operations: [] } };
 * const source = wrapSource({
 *   inner: { module: RAW_IMAGE_SOURCE_URL, options },
 *   ...{ file, input: "pixels", output: "brightest", sampleShape: [1, 1, 2] },
 * });
 * const { openSource } = await import(source.module); // as the loader does
 * const opened = await openSource(source.options);
 * assertEquals((await opened.read(Int32Array.of(0))).features, Float32Array.of(0.2));
 * opened.close();
 * ```
 *
 * @category ONNX models
 */
export function wrapSource(options: ModelSourceOptions): SourceModule {
  return { module: MODEL_SOURCE_URL, options };
}

/** Reads a few samples at a time and gives what the model makes of them. */
class ModelSource implements Source {
  readonly #inner: Source;
  /** What the inner source belongs to. */
  readonly #part: string | undefined;
  readonly #model: ForeignModel;
  readonly #sampleSize: number;
  /** Memory for samples that no read holds. */
  readonly #free: Float32Array<ArrayBuffer>[] = [];

  constructor(
    inner: Source,
    model: ForeignModel,
    { inner: { part }, sampleShape }: Pick<ModelSourceOptions, "inner" | "sampleShape">,
  ) {
    this.#inner = inner;
    this.#part = part;
    this.#model = model;
    this.#sampleSize = sizeOf(sampleShape);
  }

  async read(indices: Int32Array, { instances, into, random }: ReadOptions = {}): Promise<Rows> {
    const parts: Float32Array<ArrayBuffer>[] = [];
    const lengths: number[] = [];
    const skipped: SkippedSample[] = [];
    const step = Math.max(this.#model.batch, MIN_READ);
    for (let at = 0; at < indices.length; at += step) {
      const wanted = indices.slice(at, at + step);
      const part = { instances: instances?.slice(at, at + step), random };
      const rows = await this.#readSamples(wanted, part);
      if (rows.features.length > 0) parts.push((await this.#model.run(rows.features)).values);
      if (!rows.lengths) this.#free.push(rows.features);
      lengths.push(...rows.lengths ?? []);
      skipped.push(...(rows.skipped ?? []).map((s) => ({ ...s, position: s.position + at })));
    }
    return {
      features: join(parts, into),
      ...(lengths.length > 0 && { lengths: Int32Array.from(lengths) }),
      ...(skipped.length > 0 && { skipped }),
    };
  }

  /** Reads samples over those of a read that has ended, unless they are bags, whose sizes differ. */
  async #readSamples(
    indices: Int32Array<ArrayBuffer>,
    options: Omit<ReadOptions, "into">,
  ): Promise<Rows> {
    const size = indices.length * this.#sampleSize;
    const memory = this.#free.pop();
    const into = memory && memory.length >= size ? memory.subarray(0, size) : undefined;
    const rows = await this.#inner.read(indices, { ...options, into });
    onBehalfOf(this.#part, () => this.#requireWhole(rows));
    return rows;
  }

  #requireWhole({ features: { length } }: Rows): void {
    if (length % this.#sampleSize === 0) return;
    refuse(`rows of ${this.#sampleSize} values from read()`, `${length} values`);
  }

  close(): void {
    this.#inner.close();
    this.#model.release();
  }
}

function join(
  parts: readonly Float32Array<ArrayBuffer>[],
  into: Float32Array<ArrayBuffer> | undefined,
): Float32Array<ArrayBuffer> {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const all = into && into.length >= size ? into.subarray(0, size) : new Float32Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/**
 * Opens the stage: the model's file, and the source behind it.
 * @param options {@linkcode ModelSourceOptions}, as {@linkcode wrapSource} puts them.
 * @returns The source; close it.
 * @throws {DataError} if the model or the source cannot be opened.
 */
export async function openSource(options: unknown): Promise<Source> {
  const { inner, ...model } = options as ModelSourceOptions;
  const source = await openSplitSource({ name: "samples", source: inner });
  try {
    const { sampleShape } = model;
    return new ModelSource(source, await ForeignModel.open(model), { inner, sampleShape });
  } catch (error) {
    source.close();
    throw error;
  }
}
