/**
 * Features of a frozen encoder, as the samples of a split: in memory or in a feature file. A split's
 * `source.module` names this module; its loader calls {@linkcode openSource}.
 * @module
 */
import type { ReadOptions, Rows, Source, Split } from "../data/data.ts";
import { FEATURE_SOURCE_URL, type FeatureSourceOptions } from "../features/feature_source.ts";
import { openSplitSource } from "../data/open_source.ts";

/** URL of this module, which a split names as its source. */
export const CACHED_SOURCE_URL: string = import.meta.url;

/** What the source needs to know; survives structured cloning. */
export interface CachedSourceOptions {
  /** Name of the split, for messages. */
  readonly name: string;
  /** Values a row. */
  readonly embedDim: number;
  /** Row of each sample; below 0 for those that have none. */
  readonly rows: Int32Array;
  /** Why samples could not be read, by their index. */
  readonly skipped: ReadonlyMap<number, string>;
  /** `[rows, embedDim]`, or the path of a file that holds them. */
  readonly features: Float32Array | string;
}

/** Copies rows by their numbers. */
type Gather = (rows: Int32Array, into: Float32Array<ArrayBuffer>) => Promise<void> | void;

class CachedSource implements Source {
  readonly #options: CachedSourceOptions;
  readonly #gather: Gather;
  readonly #close: () => void;

  constructor(options: CachedSourceOptions, gather: Gather, close: () => void) {
    this.#options = options;
    this.#gather = gather;
    this.#close = close;
  }

  async read(indices: Int32Array, { into }: ReadOptions = {}): Promise<Rows> {
    const { rows: rowOf, embedDim, skipped: reasons } = this.#options;
    const rows = indices.map((index) => rowOf[index]).filter((row) => row >= 0);
    const size = rows.length * embedDim;
    const features = into?.subarray(0, size) ?? new Float32Array(size);
    await this.#gather(rows, features);
    if (rows.length === indices.length) return { features };
    const skipped = [...indices].flatMap((index, position) =>
      rowOf[index] < 0 ? [{ position, reason: reasons.get(index) ?? "" }] : []
    );
    return { features, skipped };
  }

  close(): void {
    this.#close();
  }
}

/**
 * Opens the source; called by the thread that reads.
 * @param options {@linkcode CachedSourceOptions} of the split.
 * @throws {DataError} if the features are in a file that cannot be read.
 */
export async function openSource(options: unknown): Promise<Source> {
  const cached = options as CachedSourceOptions;
  const { features, embedDim } = cached;
  if (typeof features !== "string") {
    const gather = (rows: Int32Array, into: Float32Array) => {
      for (const [at, row] of rows.entries()) {
        into.set(features.subarray(row * embedDim, (row + 1) * embedDim), at * embedDim);
      }
    };
    return new CachedSource(cached, gather, () => {});
  }
  const file = await openSplitSource(splitOf(features, cached));
  const gather = async (rows: Int32Array, into: Float32Array<ArrayBuffer>) => {
    await file.read(rows, { into });
  };
  return new CachedSource(cached, gather, () => file.close());
}

function splitOf(
  path: string,
  { name, embedDim }: CachedSourceOptions,
): Pick<Split, "name" | "source"> {
  const options: FeatureSourceOptions = {
    ...{ path, embedDim },
    featureKey: "features",
    layout: "instance",
  };
  return { name, source: { module: FEATURE_SOURCE_URL, options } };
}
