/**
 * A source that makes rows up: sample s, instance i, column c holds `1000 s + 10 i + c`. What it
 * does is counted in shared memory, so that tests see it from another thread.
 * @module
 */
import { DataError } from "../../../engine/errors.ts";
import type { ReadOptions, Rows, Source, Split } from "../../../engine/data/data.ts";

/** What happened, as indices into {@linkcode SyntheticOptions.counts}. */
export const OPENED = 0;
export const READ = 1;
export const CLOSED = 2;
export const REUSED = 3;
/** Reads that may begin; negative: all. */
export const PERMITS = 4;

export interface SyntheticOptions {
  readonly rowSize: number;
  readonly lengths?: Int32Array;
  /** Shared memory. */
  readonly counts: Int32Array;
  /** A sample that cannot be read. */
  readonly failAt?: number;
  /** Returns rows as part of a larger array that it keeps. */
  readonly keepsRows?: boolean;
}

export interface SyntheticSplit extends Split {
  readonly source: { readonly module: string; readonly options: SyntheticOptions };
}

/** A split of `length` samples, or of bags with these lengths. */
export function syntheticSplit(
  samples: number | readonly number[],
  options: Partial<SyntheticOptions> = {},
): SyntheticSplit {
  const bagLengths = typeof samples === "number" ? undefined : Int32Array.from(samples);
  const length = bagLengths?.length ?? samples as number;
  const counts = new Int32Array(new SharedArrayBuffer(5 * Int32Array.BYTES_PER_ELEMENT));
  counts[PERMITS] = -1;
  const rowSize = options.rowSize ?? 2;
  return {
    name: "synthetic",
    length,
    labels: { values: Int32Array.from({ length }, (_, sample) => sample % 3), width: 1 },
    sampleShape: [rowSize],
    bagLengths,
    source: {
      module: import.meta.url,
      options: { rowSize, lengths: bagLengths, counts, ...options },
    },
  };
}

export function openSource(options: SyntheticOptions): Source {
  const { counts } = options;
  Atomics.add(counts, OPENED, 1);
  const kept = new Float32Array(10_000);
  return {
    read(indices, readOptions) {
      waitForPermit(counts);
      Atomics.add(counts, READ, 1);
      Atomics.notify(counts, READ);
      if (options.failAt !== undefined && indices.includes(options.failAt)) {
        throw new DataError(`Cannot read row ${options.failAt} of "features": value is NaN`, {
          file: "data.h5",
          dataset: "features",
          index: options.failAt,
          cause: new RangeError("NaN"),
        });
      }
      return makeRows(indices, options, readOptions, options.keepsRows ? kept : undefined);
    },
    close() {
      Atomics.add(counts, CLOSED, 1);
    },
  };
}

function waitForPermit(counts: Int32Array): void {
  for (;;) {
    const permits = Atomics.load(counts, PERMITS);
    if (permits < 0) return;
    if (permits === 0) Atomics.wait(counts, PERMITS, 0);
    else if (Atomics.compareExchange(counts, PERMITS, permits, permits - 1) === permits) return;
  }
}

function makeRows(
  indices: Int32Array,
  { rowSize, lengths, counts }: SyntheticOptions,
  { instances, into }: ReadOptions & { into?: Float32Array<ArrayBuffer> } = {},
  kept?: Float32Array<ArrayBuffer>,
): Rows {
  const rows: number[] = [];
  indices.forEach((sample, i) => {
    const length = lengths?.[sample] ?? 1;
    const wanted = instances?.[i] ?? Int32Array.from({ length }, (_, instance) => instance);
    for (const instance of wanted) {
      for (let c = 0; c < rowSize; c++) rows.push(1000 * sample + 10 * instance + c);
    }
  });
  if (into) Atomics.add(counts, REUSED, 1);
  const features = into ?? kept?.subarray(0, rows.length) ?? new Float32Array(rows.length);
  features.set(rows);
  if (!lengths) return { features };
  const read = Int32Array.from(indices, (sample, i) => instances?.[i]?.length ?? lengths[sample]);
  return { features, lengths: read };
}
