/**
 * Slides and files that cannot be used, in words.
 * @module
 */
import { DataError } from "../errors.ts";
import { quoted } from "../storage/table.ts";
import type { SlideTable } from "./slide_table.ts";

/**
 * What could not be used, by the reason.
 * @category Slides
 */
export interface LeftOutSlides {
  /** Slides without a file. */
  readonly withoutFile: readonly string[];
  /** Slides without a label. */
  readonly withoutLabel: readonly string[];
  /** Slides whose label is not a class. */
  readonly ignored: readonly string[];
  /** Slides without instances. */
  readonly empty: readonly string[];
  /** Files that no row speaks of, as paths below the folder. */
  readonly withoutRow: readonly string[];
}

/** Why something is left out, in words, what it is, and whether `strict` refuses it. */
const REASONS: readonly (readonly [keyof LeftOutSlides, [string, string], strict: boolean])[] = [
  ["withoutFile", ["slide", 'of "{table}" without a feature file below "{root}"'], true],
  ["withoutLabel", ["slide", 'of "{table}" without a label'], true],
  ["empty", ["slide", 'below "{root}" without instances'], true],
  ["ignored", ["slide", 'of "{table}" with a label that is not in data.class_names'], false],
  ["withoutRow", ["file", 'below "{root}" without a row in "{table}"'], false],
];

/** Where slides were looked for. */
export interface Places {
  readonly root: string;
  readonly table: SlideTable;
}

function inWords(
  count: number,
  [noun, words]: readonly [string, string],
  { root, table }: Places,
): string {
  const place = words.replace("{root}", root).replace("{table}", table.file);
  return `${count} ${noun}${count === 1 ? "" : "s"} ${place}`;
}

/**
 * Says what is left out.
 * @param leftOut What it is.
 * @param places Where it was looked for.
 * @returns A line for each reason.
 */
export function leftOutNotices(leftOut: LeftOutSlides, places: Places): string[] {
  return REASONS.flatMap(([reason, words]) => {
    const names = leftOut[reason];
    if (names.length === 0) return [];
    return [`left out: ${inWords(names.length, words, places)}: ${quoted(names)}`];
  });
}

/**
 * Refuses what strict use of a dataset does not leave out.
 * @param leftOut What is left out otherwise.
 * @param places Where it was looked for.
 * @throws {DataError} if it is a slide without a file, a label or an instance.
 */
export function refuseLeftOut(leftOut: LeftOutSlides, places: Places): void {
  for (const [reason, words, strict] of REASONS) {
    const names = leftOut[reason];
    if (!strict || names.length === 0) continue;
    const { file } = places.table;
    const state = `${inWords(names.length, words, places)}: ${quoted(names)}`;
    throw new DataError(`Cannot use "${file}": ${state}`, { file });
  }
}
