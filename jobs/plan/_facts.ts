/**
 * What plans are made from: numbers that the headers of a dataset tell.
 */
import { foldSplits, openTrainSplits, type SplitPart } from "../../registry/builder/splits.ts";
import type { ResolvedConfig } from "../../registry/config/tree.ts";
import type { Dataset, TaskInfo } from "../../registry/plugin.ts";
import type { Split } from "../../engine/data/data.ts";

/** Lengths of bags, in ascending order. */
export class Lengths {
  readonly #sorted: Int32Array;

  constructor(lengths: Iterable<number>) {
    this.#sorted = Int32Array.from(lengths).sort();
  }

  /** The smallest length that a share of the bags does not exceed. */
  at(share: number): number {
    const index = Math.ceil(share * this.#sorted.length) - 1;
    return this.#sorted[Math.max(0, index)];
  }

  /** Mean length, where longer bags are cut. */
  mean(most = Infinity): number {
    return this.#sorted.reduce((sum, length) => sum + Math.min(length, most), 0) /
      this.#sorted.length;
  }

  /** The longest. */
  get longest(): number {
    return this.#sorted[this.#sorted.length - 1];
  }
}

/** What headers tell of the samples of a fold. */
export interface Facts extends TaskInfo {
  /** Names of the classes. */
  readonly classNames?: readonly string[];
  /** Width of a vector, or of an instance. */
  readonly embedDim: number;
  /** Numbers of samples. */
  readonly samples: { readonly train: number; readonly val: number; readonly test: number };
  /** Patients of all splits, where the dataset knows them. */
  readonly patients?: number;
  /** Lengths of the bags that train. */
  readonly lengths?: Lengths;
  /** Length of the longest bag of any split. */
  readonly longest: number;
  /** Samples of each class that train, and that validate; only for classes. */
  readonly classes?: { readonly train: readonly number[]; readonly val: readonly number[] };
  /** The split that trains. */
  readonly train: Split;
  /** Lines for the user. */
  readonly notices: readonly string[];
}

/**
 * Looks at the first fold.
 * @param dataset The dataset.
 * @param config Config with its folds.
 */
export async function factsOf(dataset: Dataset, config: ResolvedConfig): Promise<Facts> {
  const opened = await openTrainSplits(dataset);
  const { folds, task, subtask, numClasses, classNames } = dataset;
  const parts = foldSplits(opened, config, { fold: 0, seed: 0, folds });
  const { train, val, test } = parts;
  const all = [train, val, ...test ? [test] : []];
  const patients = new Set(all.flatMap(({ split }) => split.patients ?? []));
  const longest = Math.max(...all.map(({ split }) => new Lengths(split.bagLengths ?? [1]).longest));
  const counts = subtask === "multiclass" && {
    train: classCounts(train, numClasses),
    val: classCounts(val, numClasses),
  };
  return {
    ...{ task, subtask, numClasses, classNames, longest },
    embedDim: train.split.sampleShape[0],
    samples: {
      train: indicesOf(train).length,
      val: indicesOf(val).length,
      test: test ? indicesOf(test).length : 0,
    },
    ...(patients.size > 0 && { patients: patients.size }),
    ...(train.split.bagLengths && { lengths: new Lengths(lengthsOf(train)) }),
    ...(counts && { classes: counts }),
    train: train.split,
    notices: [...train.split.notices ?? [], ...counts ? absentClasses(counts, classNames) : []],
  };
}

function indicesOf({ split, subset }: SplitPart): Int32Array {
  return subset ?? Int32Array.from({ length: split.length }, (_, index) => index);
}

function lengthsOf(part: SplitPart): Int32Array {
  return indicesOf(part).map((index) => part.split.bagLengths![index]);
}

function classCounts(part: SplitPart, numClasses: number): number[] {
  const counts = Array.from({ length: numClasses }, () => 0);
  for (const index of indicesOf(part)) counts[part.split.labels.values[index]]++;
  return counts;
}

function absentClasses(
  counts: Readonly<Record<"train" | "val", readonly number[]>>,
  names?: readonly string[],
): string[] {
  return (["train", "val"] as const).flatMap((split) =>
    counts[split].flatMap((count, index) =>
      count > 0 ? [] : [`class ${names?.[index] ?? index} has no sample in ${split}`]
    )
  );
}
