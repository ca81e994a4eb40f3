/**
 * Patients of a dataset's splits, none of whom may be on two sides.
 * @module
 */
import type { Split } from "../../engine/data/data.ts";
import { stratifiedFolds } from "../../engine/data/selection.ts";
import { DataError } from "../../engine/errors.ts";
import { groupFolds } from "../../engine/slides/divide.ts";
import { shown } from "../../engine/storage/table.ts";

/**
 * Refuses a patient whose samples are in two splits. Splits of one name are one file on purpose.
 * @param splits The splits; those that do not know their patients are passed over.
 * @throws {DataError} if there is such a patient.
 */
export function requireApart(splits: readonly Split[]): void {
  for (const [at, one] of splits.entries()) {
    const patients = new Set(one.patients);
    for (const other of splits.slice(at + 1)) {
      const both = one.name === other.name
        ? undefined
        : other.patients?.find((patient) => patients.has(patient));
      if (both === undefined) continue;
      throw new DataError(
        `Cannot use "${other.name}": patient ${shown(both)} is in "${one.name}" as well`,
        { file: other.name },
      );
    }
  }
}

/**
 * Divides a split into parts in which classes keep their proportions: whole patients where it knows
 * them.
 * @param split The split.
 * @param folds Number of parts.
 * @param seed Seed of the division.
 * @returns The part of each sample.
 * @throws {RangeError} if there are too few samples or patients.
 */
export function foldParts(
  { labels, patients }: Pick<Split, "labels" | "patients">,
  folds: number,
  seed: number,
): Int32Array {
  if (patients === undefined) return stratifiedFolds(labels, folds, seed);
  const { values } = labels;
  const classes = values instanceof Int32Array;
  const width = classes ? values.reduce((most, label) => Math.max(most, label), 0) + 1 : 1;
  const groups = new Map<string, { readonly id: string; readonly counts: number[] }>();
  for (const [sample, id] of patients.entries()) {
    const group = groups.get(id) ?? { id, counts: new Array<number>(width).fill(0) };
    groups.set(id, group);
    group.counts[classes ? values[sample] : 0]++;
  }
  const parts = groupFolds([...groups.values()], folds, seed);
  const partOf = new Map([...groups.keys()].map((id, index) => [id, parts[index]]));
  return Int32Array.from(patients, (id) => partOf.get(id)!);
}
