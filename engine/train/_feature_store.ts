/** Where the features of a frozen encoder are kept: in memory, or in a feature file. */
import type { Split } from "../data/data.ts";
import { FeatureWriter } from "../features/feature_writer.ts";
import type { CachedSourceOptions } from "./cached_source.ts";

/** Where rows are kept. */
export interface FeatureStore {
  /**
   * Keeps rows.
   * @param features `[rows, embedDim]`.
   * @param indices The samples that they belong to.
   */
  append(features: Float32Array, indices: readonly number[]): void;
  /** Keeps what there is for good. */
  finish(): CachedSourceOptions["features"];
  /** Gives it up. */
  discard(): void;
}

/** Keeps rows in memory. */
export function memoryStore(values: number): FeatureStore {
  const features = new Float32Array(values);
  let filled = 0;
  return {
    append(rows) {
      features.set(rows, filled);
      filled += rows.length;
    },
    finish: () => features,
    discard() {},
  };
}

/**
 * Keeps rows in a feature file, which gets its name when it is whole.
 * @throws {DataError} if it cannot be written.
 */
export async function fileStore(
  path: string,
  { labels: { values, width }, ids }: Pick<Split, "labels" | "ids">,
  embedDim: number,
): Promise<FeatureStore> {
  const writer = await FeatureWriter.create(path, {
    embedDim,
    precision: 32,
    compression: 0,
    targets: values instanceof Float32Array ? width : undefined,
  });
  return {
    append(rows, indices) {
      const labels = indices.flatMap((i) => [...values.subarray(i * width, (i + 1) * width)]);
      writer.append(rows, labels, ids ? indices.map((i) => ids[i]) : []);
    },
    finish() {
      writer.close();
      return path;
    },
    discard: () => writer.discard(),
  };
}
