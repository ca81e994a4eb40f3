/**
 * Patients on two sides of a split: what trains a model must not test it.
 * @module
 */
import type { SplitName } from "../data/data.ts";
import type { SlideSample } from "./slide_data.ts";

/** A patient on two sides of a split. */
export interface Leak {
  /** The patient. */
  readonly patient: string;
  /** A slide of it and its split. */
  readonly one: { readonly id: string; readonly side: SplitName };
  /** Another slide of it and its other split. */
  readonly other: { readonly id: string; readonly side: SplitName };
}

/**
 * Finds patients on two sides.
 * @param samples The samples.
 * @param sides The split of each; `undefined` for those in none.
 *
 * @example Two slides of a patient
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const slide = (id: string) => ({ id, patient: "p", slides: [id], parts: [], targets: [0], place: "" });
 * const [leak] = leaksOf([slide("a"), slide("b")], ["train", "test"]);
 * assertEquals([leak.patient, leak.other], ["p", { id: "b", side: "test" }]);
 * ```
 */
export function leaksOf(
  samples: readonly SlideSample[],
  sides: readonly (SplitName | undefined)[],
): Leak[] {
  const first = new Map<string, { readonly id: string; readonly side: SplitName }>();
  const leaks = new Map<string, Leak>();
  for (const [index, { id, patient }] of samples.entries()) {
    const side = sides[index];
    if (side === undefined) continue;
    const one = first.get(patient);
    if (one === undefined) first.set(patient, { id, side });
    else if (one.side !== side && !leaks.has(patient)) {
      leaks.set(patient, { patient, one, other: { id, side } });
    }
  }
  return [...leaks.values()];
}
