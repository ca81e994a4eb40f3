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
import type { SlideData } from "./slide_data.ts";
import { strataOf } from "./_strata.ts";
import { type Refuse, refuseAtOnce } from "./refuse.ts";
import { type Leak, leaksOf } from "./leaks.ts";
import { bareId } from "./slide_index.ts";
import { type GivenSplits, hasFolds, readSplitFile, type SplitEntry } from "./split_file.ts";

/**
 * Where splits come from.
 * @category Slides
 */
export interface SplitOptions {
  /** File or folder of splits. @default {null} */
  readonly split_file?: string | null;
  /** Column of the splits. @default {null} */
  readonly split_column?: string | null;
  /** Share of the patients that validate, where no split says it. @default {0.2} */
  readonly val_fraction?: number;
  /** Share of the patients that test, where no split says it. @default {0} */
  readonly test_fraction?: number;
  /** Seed of the division. @default {0} */
  readonly split_seed?: number;
  /** Encoding of text files. @default {null} */
  readonly encoding?: string | null;
}

/**
 * Which fold of how many.
 * @category Slides
 */
export interface FoldChoice {
  /** The fold, asked for only where there are several. */
  readonly fold: () => number | undefined;
  /** Number of folds of a cross-validation; absent where there is none. */
  readonly folds?: number;
  /** Whether nothing is trained: samples that are in no split are to be tested. @default {false} */
  readonly predicts?: boolean;
}

/**
 * The samples of each split.
 * @category Slides
 */
export interface SlideSplits {
  /** Ascending indices of samples; a split without any is absent. */
  readonly sides: Readonly<Partial<Record<SplitName, Int32Array>>>;
  /** Lines for the user on what was assumed and left out. */
  readonly notices: readonly string[];
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

/** Splits that a file or a column gives. */
export interface Given {
  /** Words for where they come from. */
  readonly from: string;
  /** The file. */
  readonly file: string;
  /** The split of each sample; `undefined` where none is said. */
  readonly sides: readonly (SplitName | undefined)[];
  /** Splits that are said. */
  readonly said: ReadonlySet<SplitName>;
  /** Lines for the user on what was left out. */
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
 * @example Half of the patients validate
 * ```ts
 * import { FeatureWriter } from "@glovita/glovita/features";
 * import { divideSlides, readSlideData } from "@glovita/glovita/slides";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * for (const slide of ["1", "2", "3", "4"]) {
 *   const writer = await FeatureWriter.create(`${folder}/${slide}.h5`, { embedDim: 2 });
 *   writer.append(Float32Array.of(1, 2, 3, 4), [0, 0]); // two instances
 *   writer.close();
 * }
 * const labels_file = `${folder}/labels.csv`;
 * await Deno.writeTextFile(labels_file, "slide,label\n1,a\n2,a\n3,b\n4,b\n");
 * const data = await readSlideData(folder, { labels_file, task: "Classification" });
 *
 * const { sides } = divideSlides(data, { val_fraction: 0.5 }, { fold: () => undefined });
 * assertEquals([sides.train?.length, sides.val?.length, sides.test], [2, 2, undefined]);
 * ```
 *
 * @category Slides
 */
export function divideSlides(
  data: SlideData,
  options: SplitOptions,
  choice: FoldChoice,
): SlideSplits {
  const given = givenSplits(data, options, choice);
  const leak = given && leaksOf(data.samples, given.sides)[0];
  if (leak) throw leakError(leak, given);
  const sides = given ? [...given.sides] : data.samples.map((): SplitName | undefined => undefined);
  const notices = [...given?.notices ?? []];
  if (choice.predicts && !given) {
    return { sides: { test: Int32Array.from(data.samples.keys()) }, notices };
  }
  const pool = choice.predicts ? [] : poolOf(given, sides);
  const pooled = new Set(pool);
  const rest = sides.flatMap((side, index) =>
    side === undefined && !pooled.has(index) ? [index] : []
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

/**
 * What is wrong with a patient on two sides.
 * @param leak The patient and the sides.
 * @param given The splits.
 */
export function leakError({ patient, one, other }: Leak, { from, file }: Given): DataError {
  return new DataError(
    `Cannot use ${from}: patient ${shown(patient)} is on two sides, ${shown(one.id)} in ` +
      `${one.side} and ${shown(other.id)} in ${other.side}`,
    { file },
  );
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
  { val_fraction = 0.2, test_fraction = 0, split_seed = 0 }: SplitOptions,
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
  { val_fraction, split_seed = 0 }: SplitOptions,
  { fold, folds }: { readonly fold: number; readonly folds: number },
): Cut {
  const { patients, groups } = patientsOf(data, pool);
  const assigned = groupFolds(groups, folds, split_seed);
  const inFold = (index: number) => assigned[patients.get(data.samples[index].patient)!] === fold;
  const rest = pool.filter((index) => !inFold(index));
  const inner = { val_fraction, split_seed: deriveSeed(split_seed, "val", fold) };
  return [
    ...pool.filter(inFold).map((index) => [index, "test"] as const),
    ...cutParts(data, rest, inner),
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

/**
 * The splits that a file or a column gives, unchecked for leaks.
 * @param data The samples.
 * @param options Where splits come from.
 * @param choice Which fold.
 * @param refuse Takes what is wrong with single entries; throws it where not given.
 * @returns The split of each sample; `undefined` where nothing gives splits.
 * @throws {DataError} if they name what is not there.
 */
export function givenSplits(
  data: SlideData,
  options: SplitOptions,
  choice: FoldChoice,
  refuse: Refuse = refuseAtOnce,
): Given | undefined {
  const { split_file = null, split_column = null } = options;
  if (split_file !== null && split_column !== null) {
    throw new RangeError("expected data.split_file or data.split_column, not both");
  }
  if (split_column !== null) return columnSplits(data, split_column, refuse);
  if (split_file === null) return undefined;
  const reading = { encoding: options.encoding ?? undefined, encodingOption: "data.encoding" };
  if (choice.folds !== undefined && !hasFolds(split_file, reading)) {
    throw new RangeError(
      `expected one split for each of the ${choice.folds} folds, "${split_file}" gives one`,
    );
  }
  return fileSplits(data, readSplitFile(split_file, { ...reading, fold: choice.fold }), refuse);
}

function columnSplits(
  { samples, table }: SlideData,
  column: string,
  refuse: Refuse,
): Given {
  const sides = samples.map(({ id, split, place }) => {
    if (split === undefined) return undefined;
    const side = sideOf(split);
    if (side !== undefined) return side;
    refuse(
      new DataError(
        `Cannot use "${table.file}": ${shown(column)} of ${shown(id)} (${place}) is ` +
          `${shown(split)}, expected train, val or test`,
        { file: table.file },
      ),
    );
    return undefined;
  });
  const said = new Set(sides.filter((side) => side !== undefined));
  return { from: `column ${shown(column)}`, file: table.file, sides, said, notices: [] };
}

function fileSplits(data: SlideData, given: GivenSplits, refuse: Refuse): Given {
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
        refuse(
          new DataError(
            `Cannot use "${file}": ${shown(entry.id)} (${side}, ${entry.place}) is not ${what} ` +
              `of "${table.file}"`,
            { file },
          ),
        );
        continue;
      }
      if (found.length === 0) unused.push(entry.id);
      for (const index of found) {
        const before = places.get(index);
        if (before !== undefined && before.side !== side) {
          refuse(
            new DataError(
              `Cannot use "${file}": ${shown(samples[index].id)} is in ${before.side} ` +
                `(${before.entry.place}) and in ${side} (${entry.place})`,
              { file },
            ),
          );
          continue;
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
  const knownSlides = new Set(table.rows.map(({ slide }) => bareId(slide)));
  const knownPatients = new Set(table.rows.map(({ patient }) => patient));
  return (id) => {
    const found = (patientsOnly ? undefined : slides.get(bareId(id))) ?? patients.get(id);
    if (found !== undefined) return found;
    const known = knownPatients.has(id) || (!patientsOnly && knownSlides.has(bareId(id)));
    return known ? [] : undefined;
  };
}
