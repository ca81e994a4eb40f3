/**
 * Reads samples of a feature file on the thread that loads batches. A split's `source.module` names
 * this module; its loader calls {@linkcode openSource}.
 * @module
 */
import { DataError } from "../errors.ts";
import type { ReadOptions, Rows, Source, SourceModule } from "../data/data.ts";
import { type Hdf5Dataset, Hdf5File } from "../storage/hdf5/hdf5.ts";
import { indexOfNonFinite } from "../storage/number_format.ts";
import { rangesOf, type RowRange } from "../storage/hdf5/row_plan.ts";

/** URL of this module, which a split names as its source. */
export const FEATURE_SOURCE_URL: string = import.meta.url;

/** What a source needs to know; survives structured cloning. */
export interface FeatureSourceOptions {
  /** The HDF5 file. */
  readonly path: string;
  /** Dataset of the features. */
  readonly featureKey: string;
  /** How its rows form samples. */
  readonly layout: FeatureLayout;
  /** Width of one instance. */
  readonly embedDim: number;
  /** Instances per bag, for bags. */
  readonly bagLengths?: Int32Array;
}

/** One requested sample: its bag and the rows of the result that it fills. */
interface Placed {
  readonly index: number;
  readonly instances?: Int32Array;
  readonly length: number;
  readonly to: number;
}

/** Reads instances, bags of one size, or bags of any size. */
class FeatureSource implements Source {
  readonly #options: FeatureSourceOptions;
  readonly #file: Hdf5File;
  readonly #features: Hdf5Dataset;
  readonly #starts: Float64Array;

  constructor(options: FeatureSourceOptions, file: Hdf5File, features: Hdf5Dataset) {
    this.#options = options;
    this.#file = file;
    this.#features = features;
    const lengths = options.bagLengths ?? new Int32Array(0);
    this.#starts = new Float64Array(lengths.length);
    for (let bag = 1; bag < lengths.length; bag++) {
      this.#starts[bag] = this.#starts[bag - 1] + lengths[bag - 1];
    }
  }

  read(indices: Int32Array, options: ReadOptions = {}): Rows {
    return this.#options.layout === "instance"
      ? this.#readInstances(indices, options)
      : this.#readBags(indices, options);
  }

  close(): void {
    this.#file.close();
  }

  #readInstances(indices: Int32Array, { into }: ReadOptions): Rows {
    const ranges = rangesOf(indices);
    const features = into ?? new Float32Array(indices.length * this.#options.embedDim);
    this.#features.gather(ranges, features);
    this.#check(features, ranges);
    return { features };
  }

  #readBags(indices: Int32Array, options: ReadOptions): Rows {
    const placed: Placed[] = [];
    let rows = 0;
    for (const [position, index] of indices.entries()) {
      const instances = options.instances?.[position];
      const length = instances?.length ?? this.#options.bagLengths?.[index] ?? 0;
      placed.push({ index, instances, length, to: rows });
      rows += length;
    }
    const features = options.into ?? new Float32Array(rows * this.#options.embedDim);
    const ranges = placed.flatMap((bag) => this.#rangesOf(bag));
    if (this.#options.layout === "variable_bags") this.#features.gather(ranges, features);
    else this.#readFixed(placed, features);
    this.#check(features, ranges);
    return { features, lengths: Int32Array.from(placed, (bag) => bag.length) };
  }

  /** The instances of a bag as rows of the matrix of all instances. */
  #rangesOf({ index, instances, length, to }: Placed): RowRange[] {
    const start = this.#starts[index];
    return instances ? rangesOf(instances, to, start) : [{ start, count: length, to }];
  }

  /** Bags of one size: a whole bag is one row of the dataset with its three dimensions. */
  #readFixed(placed: readonly Placed[], features: Float32Array): void {
    if (placed.every((bag) => bag.instances === undefined)) {
      const bags = placed.map(({ index }, to) => ({ start: index, count: 1, to }));
      return this.#features.gather(bags, features);
    }
    const { embedDim } = this.#options;
    for (const { index, instances, to } of placed) {
      const bag = this.#features.readRows(index, 1);
      if (!instances) features.set(bag, to * embedDim);
      for (const { start, count, to: at } of rangesOf(instances ?? new Int32Array(0), to)) {
        features.set(bag.subarray(start * embedDim, (start + count) * embedDim), at * embedDim);
      }
    }
  }

  /** Refuses NaN and Inf, naming the row of the dataset. */
  #check(features: Float32Array, ranges: readonly RowRange[]): void {
    const bad = indexOfNonFinite(features);
    if (bad < 0) return;
    const { path, featureKey, layout, bagLengths } = this.#options;
    const at = Math.floor(bad / this.#options.embedDim);
    const range = ranges.findLast(({ to, count }) => to <= at && at < to + count);
    const row = (range?.start ?? 0) + at - (range?.to ?? 0);
    const size = layout === "fixed_bags" ? bagLengths?.[0] ?? 1 : 1;
    const index = Math.floor(row / size);
    const place = layout === "fixed_bags" ? `row ${index}, instance ${row % size}` : `row ${index}`;
    const value = Number.isNaN(features[bad]) ? "NaN" : "Inf";
    throw new DataError(`Cannot read "${path}": dataset "${featureKey}", ${place} holds ${value}`, {
      file: path,
      dataset: featureKey,
      index,
    });
  }
}

function isOptions(options: unknown): options is FeatureSourceOptions {
  return typeof options === "object" && options !== null && "path" in options &&
    "featureKey" in options && "layout" in options && "embedDim" in options;
}

/**
 * What a split's source reads, where it is a feature file.
 * @param source The source.
 * @returns File, layout and lengths; `undefined` where it reads something else.
 *
 * @example Not a feature file
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(featuresOf({ module: "file:///rows.ts", options: {} }), undefined);
 * ```
 */
export function featuresOf({ module, options }: SourceModule): FeatureSourceOptions | undefined {
  return module === FEATURE_SOURCE_URL && isOptions(options) ? options : undefined;
}

/**
 * Opens the rows of a feature file.
 *
 * @param options {@linkcode FeatureSourceOptions}, as `featureSplit` makes them.
 * @returns The source; close it.
 * @throws {DataError} if the file has changed so that it does not fit the options any more.
 *
 * @example The first two instances
 * ```ts ignore
 * const { source } = featureSplit(await openFeatureFile("train.h5"));
 * const rows = await openSource(source.options);
 * const { features } = await rows.read(new Int32Array([0, 1]));
 * ```
 */
export async function openSource(options: unknown): Promise<Source> {
  if (!isOptions(options)) {
    throw new TypeError("Cannot open a feature file: options lack path, key, layout or width");
  }
  const file = await Hdf5File.open(options.path);
  try {
    const features = await file.dataset(options.featureKey);
    const width = features.header.shape.at(-1);
    if (width !== options.embedDim) {
      throw new DataError(
        `Cannot read "${options.path}": dataset "${options.featureKey}" has changed, ` +
          `rows of ${width} values instead of ${options.embedDim}`,
        { file: options.path, dataset: options.featureKey },
      );
    }
    return new FeatureSource(options, file, features);
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * How the rows of `features` form samples.
 * @category Feature files
 */
export type FeatureLayout = "instance" | "fixed_bags" | "variable_bags";
