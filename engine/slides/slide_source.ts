/**
 * Reads the bags of slides on the thread that loads batches: one file after the other is opened, read
 * and closed, so that memory holds no more than the bags of a batch. A split's `source.module` names
 * this module.
 * @module
 */
import type { ReadOptions, Rows, Source, SourceModule } from "../data/data.ts";
import { DataError } from "../errors.ts";
import { rangesOf, type RowRange } from "../storage/hdf5/row_plan.ts";
import { indexOfNonFinite } from "../storage/number_format.ts";
import { openSlide, type SlideHeader } from "./slide_file.ts";

/**
 * URL of this module, which a split names as its source.
 */
export const SLIDE_SOURCE_URL: string = import.meta.url;

/**
 * A file of a sample.
 * @category Slides
 */
export interface SlidePart {
  /** The file. */
  readonly path: string;
  /** Dataset of the features, in HDF5 files. */
  readonly key?: string;
  /** Number of instances. */
  readonly instances: number;
}

/**
 * What a source needs to know; survives structured cloning.
 */
export interface SlideSourceOptions {
  /** The files of each sample, whose instances follow one another. */
  readonly samples: readonly (readonly SlidePart[])[];
  /** Width of an instance. */
  readonly embedDim: number;
  /** Whether samples are bags, and not single vectors. */
  readonly bags: boolean;
}

/** Reads slides one after the other. */
class SlideSource implements Source {
  readonly #options: SlideSourceOptions;

  constructor(options: SlideSourceOptions) {
    this.#options = options;
  }

  async read(indices: Int32Array, { instances, into }: ReadOptions = {}): Promise<Rows> {
    const { samples, embedDim, bags } = this.#options;
    const lengths = Int32Array.from(
      indices,
      (index, position) => instances?.[position]?.length ?? lengthOf(samples[index]),
    );
    const rows = lengths.reduce((sum, length) => sum + length, 0);
    const features = into ?? new Float32Array(rows * embedDim);
    let to = 0;
    for (const [position, index] of indices.entries()) {
      await this.#readSample(samples[index], { instances: instances?.[position], features, to });
      to += lengths[position];
    }
    return bags ? { features, lengths } : { features };
  }

  close(): void {
    // Files are closed as soon as they are read.
  }

  async #readSample(
    parts: readonly SlidePart[],
    { instances, features, to }: {
      readonly instances?: Int32Array;
      readonly features: Float32Array<ArrayBuffer>;
      readonly to: number;
    },
  ): Promise<void> {
    let [first, filled] = [0, to];
    for (const part of parts) {
      const ranges = instances
        ? rangesWithin(instances, first, part.instances, filled)
        : [{ start: 0, count: part.instances, to: filled }];
      if (ranges.length > 0) await this.#readPart(part, ranges, features);
      filled += ranges.reduce((sum, { count }) => sum + count, 0);
      first += part.instances;
    }
  }

  async #readPart(
    { path, key, instances }: SlidePart,
    ranges: readonly RowRange[],
    features: Float32Array<ArrayBuffer>,
  ): Promise<void> {
    using slide = await openSlide(path, key);
    const { embedDim } = this.#options;
    const header = slide?.header;
    if (header?.instances !== instances || header.embedDim !== embedDim) {
      const found = header ? `(${header.shape.join(", ")})` : "nothing";
      throw new DataError(
        `Cannot read "${path}": it has changed, it holds ${found} instead of ${instances} rows of ` +
          `${embedDim} values`,
        { file: path, dataset: key },
      );
    }
    slide!.read(ranges, features);
    for (const range of ranges) checkFinite(features, range, { header, embedDim });
  }
}

function lengthOf(parts: readonly SlidePart[]): number {
  return parts.reduce((sum, { instances }) => sum + instances, 0);
}

/** The wanted instances of a sample that lie in one of its files, as rows of the file. */
function rangesWithin(
  instances: Int32Array,
  first: number,
  count: number,
  to: number,
): RowRange[] {
  const inside = instances.filter((instance) => instance >= first && instance < first + count);
  return rangesOf(inside, to, -first);
}

/** Refuses NaN and Inf, naming file and row. */
function checkFinite(
  features: Float32Array,
  { start, count, to }: RowRange,
  { header: { path, key }, embedDim }: {
    readonly header: SlideHeader;
    readonly embedDim: number;
  },
): void {
  const read = features.subarray(to * embedDim, (to + count) * embedDim);
  const bad = indexOfNonFinite(read);
  if (bad < 0) return;
  const index = start + Math.floor(bad / embedDim);
  const value = Number.isNaN(read[bad]) ? "NaN" : "Inf";
  const place = key === undefined ? `row ${index}` : `dataset "${key}", row ${index}`;
  throw new DataError(`Cannot read "${path}": ${place} holds ${value}`, {
    file: path,
    dataset: key,
    index,
  });
}

function isOptions(options: unknown): options is SlideSourceOptions {
  return typeof options === "object" && options !== null && "samples" in options &&
    "embedDim" in options && "bags" in options;
}

/**
 * The files that a split's source reads.
 * @param source The source.
 * @returns The files of each sample; `undefined` where it reads something else than slides.
 *
 * @example Not slides
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(slidesOf({ module: "file:///rows.ts", options: {} }), undefined);
 * ```
 */
export function slidesOf({ module, options }: SourceModule): SlideSourceOptions | undefined {
  return module === SLIDE_SOURCE_URL && isOptions(options) ? options : undefined;
}

/**
 * Opens the slides of a split.
 * @param options {@linkcode SlideSourceOptions}.
 * @returns The source.
 *
 * @example The first slide
 * ```ts ignore
 * const rows = openSource({ samples: [[{ path, instances: 3 }]], embedDim: 2, bags: true });
 * const { features } = await rows.read(new Int32Array([0]));
 * ```
 */
export function openSource(options: unknown): Source {
  if (isOptions(options)) return new SlideSource(options);
  throw new TypeError("Cannot open slides: options lack samples, width or kind");
}
