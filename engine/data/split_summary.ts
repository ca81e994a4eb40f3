/**
 * What a split consists of, in a few numbers for the records of a run.
 * @module
 */
import type { Split } from "./data.ts";

/** A split in numbers. */
export interface SplitSummary {
  /** Number of samples. */
  readonly samples: number;
  /** Number of patients, where they are known. */
  readonly patients?: number;
  /** Samples of each class; of several labels per sample, those that have the label. */
  readonly class_counts?: readonly number[];
  /** Instances per bag, for bags. */
  readonly instances?: {
    /** Of the shortest bag. */
    readonly min: number;
    /** Of the bag in the middle; the lower one of two. */
    readonly median: number;
    /** Of the longest bag. */
    readonly max: number;
  };
}

/** What is predicted. */
interface Targets {
  readonly subtask: "multiclass" | "multilabel" | "regression";
  readonly numClasses: number;
}

/**
 * Counts what a split consists of.
 * @param split The split.
 * @param targets What is predicted.
 * @param subset Samples that are used; all where not given.
 *
 * @example Two bags of two classes
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const labels = { values: Int32Array.of(1, 1), width: 1 };
 * const split = { length: 2, labels, bagLengths: Int32Array.of(3, 5) };
 * assertEquals(splitSummary(split, { subtask: "multiclass", numClasses: 2 }), {
 *   samples: 2,
 *   class_counts: [0, 2],
 *   instances: { min: 3, median: 3, max: 5 },
 * });
 * ```
 */
export function splitSummary(
  { length, labels, patients, bagLengths }: Pick<
    Split,
    "length" | "labels" | "patients" | "bagLengths"
  >,
  { subtask, numClasses }: Targets,
  subset: Int32Array = Int32Array.from({ length }, (_, index) => index),
): SplitSummary {
  const counts = new Array<number>(numClasses).fill(0);
  if (subtask === "multiclass") { for (const index of subset) counts[labels.values[index]]++; }
  else if (subtask === "multilabel") {
    for (const index of subset) {
      for (let at = 0; at < numClasses; at++) {
        if (labels.values[index * numClasses + at] > 0.5) counts[at]++;
      }
    }
  }
  const lengths = bagLengths && Int32Array.from(subset, (index) => bagLengths[index]).sort();
  return {
    samples: subset.length,
    ...(patients && { patients: new Set(Array.from(subset, (index) => patients[index])).size }),
    ...(subtask !== "regression" && { class_counts: counts }),
    ...(lengths && lengths.length > 0 && {
      instances: {
        min: lengths[0],
        median: lengths[(lengths.length - 1) >> 1],
        max: lengths[lengths.length - 1],
      },
    }),
  };
}
