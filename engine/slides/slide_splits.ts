/**
 * Which slides train, validate and test: as a file or a column says, and by patients where they say
 * nothing.
 * @module
 */
import { SPLIT_NAMES, type SplitName } from "../data/data.ts";
import { DataError } from "../errors.ts";
import { deriveSeed } from "../random.ts";
import { quoted, shown } from "../storage/table.ts";
import { type Group, groupFolds, groupParts } from "./divide.ts";
import type { SlideData, SlideSample } from "./slide_data.ts";
import { bareId } from "./slide_index.ts";
import { type GivenSplits, hasFolds, readSplitFile, type SplitEntry } from "./split_file.ts";

/** Where splits come from. */
export interface SplitOptions {
  /** File or folder of splits. */
  readonly split_file: string | null;
  /** Column of the splits. */
  readonly split_column: string | null;
  /** Share of the patients that validate, where no split says it. */
  readonly val_fraction: number;
  /** Share of the patients that test, where no split says it. */
  readonly test_fraction: number;
  /** Seed of the division. */
  readonly split_seed: number;
  /** Encoding of text files. */
  readonly encoding: string | null;
}

/** Which fold of how many. */
export interface FoldChoice {
  /** The fold, asked for only where there are several. */
  readonly fold: () => number | undefined;
  /** Number of folds of a cross-validation; absent where there is none. */
  readonly folds?: number;
}

/** The samples of each split. */
export interface SlideSplits {
  /** Ascending indices of samples; a split without any is absent. */
  readonly sides: Readonly<Partial<Record<SplitName, Int32Array>>>;
  /** Lines for the user on what was assumed and left out. */
  readonly notices: readonly string[];
}

/** A patient on two sides of a split. */
export interface Leak {
  /** The patient. */
  readonly patient: string;
  /** A slide of it and its split. */
  readonly one: { readonly id: string; readonly side: SplitName };
  /** Another slide of it and its other split. */
  readonly other: { readonly id: string; readonly side: SplitName };
}

/** What a column of splits may hold. */
const SIDES: Readonly<Record<string, SplitName>> = {
  ...{ train: "train", training: "train" },
  ...{ val: "val", valid: "val", validation: "val", tune: "val", dev: "val" },
  ...{ test: "test", testing: "test" },
};

/**
 * The split that a cell of a column of splits means.
 * @param cell What stands there.
 * @returns The split; `undefined` for other words.
 *
 * @example A usual word
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals([sideOf("Validation"), sideOf("3")], ["val", undefined]);
 * ```
 */
export function sideOf(cell: string): SplitName | undefined {
  return Object.hasOwn(SIDES, cell.toLowerCase()) ? SIDES[cell.toLowerCase()] : undefined;
}

/** Words for where splits come from. */
interface Given {
  readonly from: string;
  readonly file: string;
  /** The split of each sample; `undefined` where none is said. */
  readonly sides: readonly (SplitName | undefined)[];
  /** Splits that are said. */
  readonly said: ReadonlySet<SplitName>;
  readonly notices: readonly string[];
}

/**
 * Divides the samples. Splits that nothing says are cut from the training samples, or from all
 * samples that are in no split: whole patients, in proportion to the classes. In a cross-validation
 * fold `i` tests, and validation is cut from the others.
 * @param data The samples.
 * @param options Where splits come from.
 * @param choice Which fold.
 * @throws {DataError} if a split names what is not there, or a patient is on two sides.
 * @throws {RangeError} if there are too few patients.
 *
 * @example Without any split
 * ```ts ignore
 * const { sides } = divideSlides(data, options, { fold: () => undefined });
 * ```
 */
export function divideSlides(
  data: SlideData,
  options: SplitOptions,
  choice: FoldChoice,
): SlideSplits {
  const given = givenSplits(data, options, choice);
  const leak = given && leaksOf(data.samples, given.sides)[0];
  if (leak) {
    const { patient, one, other } = leak;
    throw new DataError(
      `Cannot use ${given.from}: patient ${shown(patient)} is on two sides, ${shown(one.id)} in ` +
        `${one.side} and ${shown(other.id)} in ${other.side}`,
      { file: given.file },
    );
  }
  const sides = given ? [...given.sides] : data.samples.map((): SplitName | undefined => undefined);
  const notices = [...given?.notices ?? []];
  const pool = poolOf(given, sides);
  const rest = sides.flatMap((side, index) =>
    side === undefined && !pool.includes(index) ? [index] : []
  );
  if (rest.length > 0) {
    const names = rest.map((index) => data.samples[index].id);
    notices.push(
      `${rest.length} slides are in no split of ${given!.from} and are left out: ${quoted(names)}`,
    );
  }
  const cut = given || choice.folds === undefined
    ? cutParts(data, pool, options, given?.said)
    : cutFold(data, pool, options, { fold: choice.fold() ?? 0, folds: choice.folds });
  for (const [index, side] of cut) sides[index] = side;
  const found = SPLIT_NAMES.flatMap((name) => {
    const indices = Int32Array.from(sides.keys()).filter((index) => sides[index] === name);
    return indices.length === 0 ? [] : [[name, indices] as const];
  });
  return { sides: Object.fromEntries(found), notices };
}

/** The samples that splits may be cut from. */
function poolOf(given: Given | undefined, sides: readonly (SplitName | undefined)[]): number[] {
  const from = given?.said.has("train") ? "train" : undefined;
  return sides.flatMap((side, index) => side === from ? [index] : []);
}

type Cut = (readonly [index: number, side: SplitName])[];

/** Validation and test where nothing says them; the rest trains. */
function cutParts(
  data: SlideData,
  pool: readonly number[],
  { val_fraction, test_fraction, split_seed }: SplitOptions,
  said: ReadonlySet<SplitName> = new Set(),
): Cut {
  const fractions = [said.has("val") ? 0 : val_fraction, said.has("test") ? 0 : test_fraction];
  const { patients, groups } = patientsOf(data, pool);
  const parts = groupParts(groups, fractions, split_seed);
  return pool.map((index) => {
    const part = parts[patients.get(data.samples[index].patient)!];
    return [index, part === 0 ? "val" : part === 1 ? "test" : "train"];
  });
}

function cutFold(
  data: SlideData,
  pool: readonly number[],
  { val_fraction, split_seed }: SplitOptions,
  { fold, folds }: { readonly fold: number; readonly folds: number },
): Cut {
  const { patients, groups } = patientsOf(data, pool);
  const assigned = groupFolds(groups, folds, split_seed);
  const inFold = (index: number) => assigned[patients.get(data.samples[index].patient)!] === fold;
  const rest = pool.filter((index) => !inFold(index));
  const options = { val_fraction, split_seed: deriveSeed(split_seed, "val", fold) };
  return [
    ...pool.filter(inFold).map((index) => [index, "test"] as const),
    ...cutParts(data, rest, {
      ...options,
      ...{ test_fraction: 0, split_file: null, split_column: null, encoding: null },
    }),
  ];
}

/** The patients of samples, and how many samples of each class they have. */
function patientsOf(
  { samples, encoding }: SlideData,
  pool: readonly number[],
): { readonly patients: ReadonlyMap<string, number>; readonly groups: Group[] } {
  const strata = strataOf(samples, encoding.subtask, encoding.numClasses);
  const patients = new Map<string, number>();
  const groups: { id: string; counts: number[] }[] = [];
  for (const index of pool) {
    const { patient } = samples[index];
    const counts = strata(samples[index]);
    const at = patients.get(patient);
    if (at === undefined) {
      patients.set(patient, groups.length);
      groups.push({ id: patient, counts });
    } else counts.forEach((count, place) => groups[at].counts[place] += count);
  }
  return { patients, groups };
}

/** What is to be kept in proportion: classes, positive labels, or quarters of the numbers. */
function strataOf(
  samples: readonly SlideSample[],
  subtask: SlideData["encoding"]["subtask"],
  numClasses: number,
): (sample: SlideSample) => number[] {
  if (subtask === "multilabel") return ({ targets }) => [1, ...targets];
  if (subtask === "multiclass") {
    return ({ targets: [label] }) =>
      Array.from({ length: numClasses }, (_, index) => Number(index === label));
  }
  const sorted = samples.map(({ targets: [value] }) => value).sort((a, b) => a - b);
  const bounds = [1, 2, 3].map((quarter) => sorted[Math.floor(quarter * sorted.length / 4)]);
  return ({ targets: [value] }) => {
    const quarter = bounds.filter((bound) => value >= bound).length;
    return Array.from({ length: 4 }, (_, index) => Number(index === quarter));
  };
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

/**
 * The splits that a file or a column gives, unchecked for leaks.
 * @param data The samples.
 * @param options Where splits come from.
 * @param choice Which fold.
 * @returns The split of each sample; `undefined` where nothing gives splits.
 * @throws {DataError} if they name what is not there.
 */
export function givenSplits(
  data: SlideData,
  options: SplitOptions,
  choice: FoldChoice,
): Given | undefined {
  const { split_file, split_column } = options;
  if (split_file !== null && split_column !== null) {
    throw new RangeError("expected data.split_file or data.split_column, not both");
  }
  if (split_column !== null) return columnSplits(data, split_column);
  if (split_file === null) return undefined;
  const reading = { encoding: options.encoding ?? undefined, encodingOption: "data.encoding" };
  if (choice.folds !== undefined && !hasFolds(split_file, reading)) {
    throw new RangeError(
      `expected one split for each of the ${choice.folds} folds, "${split_file}" gives one`,
    );
  }
  return fileSplits(data, readSplitFile(split_file, { ...reading, fold: choice.fold }));
}

function columnSplits({ samples, table }: SlideData, column: string): Given {
  const sides = samples.map(({ id, split, place }) => {
    if (split === undefined) return undefined;
    const side = sideOf(split);
    if (side !== undefined) return side;
    throw new DataError(
      `Cannot use "${table.file}": ${shown(column)} of ${shown(id)} (${place}) is ` +
        `${shown(split)}, expected train, val or test`,
      { file: table.file },
    );
  });
  const said = new Set(sides.filter((side) => side !== undefined));
  return { from: `column ${shown(column)}`, file: table.file, sides, said, notices: [] };
}

function fileSplits(data: SlideData, given: GivenSplits): Given {
  const { samples, table } = data;
  const { file } = given;
  const sides: (SplitName | undefined)[] = samples.map(() => undefined);
  const places = new Map<number, { readonly side: SplitName; readonly entry: SplitEntry }>();
  const find = finder(data, given.patients);
  const unused: string[] = [];
  for (const side of SPLIT_NAMES) {
    for (const entry of given.sides[side] ?? []) {
      const found = find(entry.id);
      if (found === undefined) {
        const what = given.patients ? "a patient" : "a slide or patient";
        throw new DataError(
          `Cannot use "${file}": ${shown(entry.id)} (${side}, ${entry.place}) is not ${what} of ` +
            `"${table.file}"`,
          { file },
        );
      }
      if (found.length === 0) unused.push(entry.id);
      for (const index of found) {
        const before = places.get(index);
        if (before !== undefined && before.side !== side) {
          throw new DataError(
            `Cannot use "${file}": ${shown(samples[index].id)} is in ${before.side} ` +
              `(${before.entry.place}) and in ${side} (${entry.place})`,
            { file },
          );
        }
        places.set(index, { side, entry });
        sides[index] = side;
      }
    }
  }
  const notices = [...given.notices];
  if (unused.length > 0) {
    notices.push(`${unused.length} of the slides in "${file}" cannot be used: ${quoted(unused)}`);
  }
  const said = new Set(SPLIT_NAMES.filter((side) => given.sides[side] !== undefined));
  return { from: `"${file}"`, file, sides, said, notices };
}

/** Finds the samples of an id: none for slides that are left out, `undefined` for unknown ids. */
function finder(
  { samples, table }: SlideData,
  patientsOnly: boolean,
): (id: string) => readonly number[] | undefined {
  const slides = new Map<string, number[]>();
  const patients = new Map<string, number[]>();
  const add = (map: Map<string, number[]>, key: string, index: number) => {
    const found = map.get(key);
    if (found === undefined) map.set(key, [index]);
    else found.push(index);
  };
  for (const [index, sample] of samples.entries()) {
    for (const slide of sample.slides) add(slides, bareId(slide), index);
    add(patients, sample.patient, index);
  }
  const known = new Set(table.rows.flatMap(({ slide, patient }) => [bareId(slide), patient]));
  return (id) => {
    const found = (patientsOnly ? undefined : slides.get(bareId(id))) ?? patients.get(id);
    return found ?? (known.has(patientsOnly ? id : bareId(id)) || known.has(id) ? [] : undefined);
  };
}
