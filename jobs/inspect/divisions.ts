/**
 * How slides are divided into splits: as training would do it, for one fold or all of them.
 * @module
 */
import { DataError } from "../../engine/errors.ts";
import type { SplitName } from "../../engine/data/data.ts";
import type { SlideData } from "../../engine/slides/slide_data.ts";
import {
  divideSlides,
  type FoldChoice,
  type Given,
  givenSplits,
  leakError,
  type SlideSplits,
} from "../../engine/slides/slide_splits.ts";
import { leaksOf } from "../../engine/slides/leaks.ts";
import { attempt } from "../../engine/slides/refuse.ts";
import { listFolds } from "../../engine/slides/split_file.ts";
import type { Lines, SlideOptions } from "./_context.ts";
import type { SplitFacts } from "./inspection.ts";
import { countsOf } from "./targets.ts";

/** One division. */
export interface Division {
  /** What is said of it. */
  readonly facts: SplitFacts;
  /** The split of each sample; `undefined` for those in none. */
  readonly sides: readonly (SplitName | undefined)[];
  /** Lines for the user. */
  readonly notices: readonly string[];
}

/**
 * Divides slides.
 * @param data The slides.
 * @param options Where splits come from.
 * @param problems Takes what is wrong: unknown ids, and patients on two sides.
 * @returns One division, or one per fold of a file with several where none is chosen.
 */
export async function divisionsOf(
  data: SlideData,
  options: SlideOptions,
  problems: Lines,
): Promise<readonly Division[]> {
  const { split_file, fold } = options;
  const reading = { encoding: options.encoding ?? undefined, encodingOption: "data.encoding" };
  const folds = split_file === null || fold !== null
    ? []
    : await attempt(() => listFolds(split_file, reading), problems.refuse) ?? [];
  const divisions: Division[] = [];
  if (folds.length < 2) {
    divisions.push(await divide(data, options, { fold: () => fold ?? undefined }, problems));
    return divisions;
  }
  for (const index of folds) {
    const choice = { fold: () => index, folds: folds.length };
    const { facts, ...rest } = await divide(data, options, choice, problems);
    divisions.push({ ...rest, facts: { ...facts, fold: index } });
  }
  const notice =
    `"${split_file}" holds ${folds.length} folds: training takes one with data.fold, ` +
    `or each in turn with training.cv_folds ${folds.length}`;
  divisions[0] = { ...divisions[0], notices: [...divisions[0].notices, notice] };
  return divisions;
}

async function divide(
  data: SlideData,
  options: SlideOptions,
  choice: FoldChoice,
  problems: Lines,
): Promise<Division> {
  const { samples, table: { hasPatients } } = data;
  const given = await attempt(
    () => givenSplits(data, options, choice, problems.refuse),
    problems.refuse,
  );
  const leaks = given ? leaksOf(samples, given.sides) : [];
  for (const leak of leaks) problems.refuse(leakError(leak, given!));
  const divided = await attempt(() => divideOrRefuse(data, options, choice), problems.refuse);
  const sides: (SplitName | undefined)[] = [...given?.sides ?? samples.map(() => undefined)];
  if (divided !== undefined) {
    for (const [name, indices] of Object.entries(divided.sides)) {
      for (const index of indices) sides[index] = name as SplitName;
    }
    for (const name of ["train", "val"] as const) {
      if (divided.sides[name]) continue;
      problems.add(`Cannot train: the dataset has no ${name} split`);
    }
  }
  const counts = countsOf(samples.map(({ targets, patient }, at) => ({
    targets,
    ...(hasPatients && { patient }),
    side: sides[at],
  })));
  return {
    facts: {
      from: given || divided ? wordsFor(given, options) : "none: see the problems",
      counts,
      leaks: leaks.map(({ patient }) => patient),
    },
    sides,
    notices: divided?.notices ?? [],
  };
}

/** Too few patients are wrong with the data, too, as far as an inspection is concerned. */
function divideOrRefuse(data: SlideData, options: SlideOptions, choice: FoldChoice): SlideSplits {
  try {
    return divideSlides(data, options, choice);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new DataError(error.message, { file: data.root, cause: error });
  }
}

/** Where splits come from, in words. */
function wordsFor(
  given: Given | undefined,
  { val_fraction, test_fraction, split_seed }: SlideOptions,
): string {
  const fractions = [["val", val_fraction], ["test", test_fraction]] as const;
  const cut = fractions.filter(([name, fraction]) => !given?.said.has(name) && fraction > 0)
    .map(([name, fraction]) => `${name} ${Math.round(fraction * 1000) / 10}%`);
  const words = cut.length === 0
    ? []
    : [`${cut.join(" and ")} cut by data.split_seed ${split_seed}`];
  return [given?.from ?? [], ...words].flat().join(", ");
}
