/**
 * Balance of classes: samples and patients, in all and in each split.
 * @module
 */
import { SPLIT_NAMES, type SplitName } from "../../engine/data/data.ts";
import type { ClassCounts, SampleCount, SplitCounts, TargetFacts } from "./inspection.ts";
import { spreadOf } from "./spread.ts";

/** A sample, as far as it is counted. */
export interface CountedSample {
  /** Its targets: one class, or one number for each label. */
  readonly targets: ArrayLike<number>;
  /** Its patient, where it is known. */
  readonly patient?: string;
  /** Its split, where it is known. */
  readonly side?: SplitName;
}

/** What targets mean. */
export interface TargetNames {
  /** How they are encoded. */
  readonly subtask: TargetFacts["subtask"];
  /** Names of classes or columns. */
  readonly names: readonly string[];
}

/**
 * Counts samples and patients.
 * @param samples The samples.
 * @returns How many there are in all and in each split that has any.
 *
 * @example Two slides of a patient
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const sample = { targets: [0], patient: "p", side: "train" } as const;
 * const count = { samples: 2, patients: 1 };
 * assertEquals(countsOf([sample, sample]), { all: count, train: count });
 * ```
 */
export function countsOf(samples: readonly CountedSample[]): SplitCounts {
  const sides = SPLIT_NAMES.flatMap((name) => {
    const inside = samples.filter(({ side }) => side === name);
    return inside.length === 0 ? [] : [[name, countOf(inside)] as const];
  });
  return { all: countOf(samples), ...Object.fromEntries(sides) };
}

function countOf(samples: readonly CountedSample[]): SampleCount {
  const patients = new Set(samples.flatMap(({ patient }) => patient ?? []));
  return patients.size === 0
    ? { samples: samples.length }
    : { samples: samples.length, patients: patients.size };
}

/**
 * Sums up targets.
 * @param samples The samples.
 * @param names What their targets mean.
 *
 * @example Two classes
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const samples = [{ targets: [0] }, { targets: [1] }, { targets: [1] }];
 * const { classes } = targetFacts(samples, { subtask: "multiclass", names: ["normal", "tumor"] });
 * assertEquals(classes.map(({ name, all }) => [name, all.samples]), [["normal", 1], ["tumor", 2]]);
 * ```
 */
export function targetFacts(
  samples: readonly CountedSample[],
  { subtask, names }: TargetNames,
): TargetFacts {
  const total = countsOf(samples);
  if (subtask === "regression") {
    const values = names.flatMap((name, at) => {
      const spread = spreadOf(samples.map(({ targets }) => targets[at]));
      return spread === undefined ? [] : [[name, spread] as const];
    });
    return { subtask, classes: [], values: Object.fromEntries(values), total };
  }
  const byClass = Map.groupBy(samples, ({ targets }) => targets[0]);
  const classes = names.map((name, at): ClassCounts => {
    const inside = subtask === "multiclass"
      ? byClass.get(at) ?? []
      : samples.filter(({ targets }) => targets[at] >= 0.5);
    return { name, ...countsOf(inside) };
  });
  return { subtask, classes, values: {}, total };
}
