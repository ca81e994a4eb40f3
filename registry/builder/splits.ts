/**
 * From a config to the splits of a fold: which samples train, validate and test.
 * @module
 */
import { DataError } from "../../engine/errors.ts";
import type { Labels, Split } from "../../engine/data/data.ts";
import { selectFraction } from "../../engine/data/selection.ts";
import { labelsOf } from "../../engine/data/split_part.ts";
import { stratifiedDraw } from "../../engine/data/stratified_draw.ts";
import type { ResolvedConfig } from "../config/tree.ts";
import { ConfigError } from "../errors.ts";
import type { Dataset } from "../plugin.ts";
import { foldParts, requireApart } from "./_patients.ts";

/** Samples of one split that a fold uses. */
export interface SplitPart {
  /** The split. */
  readonly split: Split;
  /** Samples of it; all by default. */
  readonly subset?: Int32Array;
}

/** The parts of one fold. */
export interface FoldSplits {
  /** Samples to train on. */
  readonly train: SplitPart;
  /** Samples to validate on. */
  readonly val: SplitPart;
  /** Samples to test the best checkpoint on. */
  readonly test?: SplitPart;
}

/** All splits of a dataset. */
export interface OpenSplits {
  /** Samples to train on. */
  readonly train: Split;
  /** Samples to validate on. */
  readonly val: Split;
  /** Samples to test on. */
  readonly test?: Split;
}

/**
 * Opens the splits of a dataset and checks that they fit each other.
 * @param dataset The dataset.
 * @throws {DataError} if a split is missing, its samples have another shape or layout, one is of
 *   a class that is not there, or a patient is in two splits.
 */
export async function openTrainSplits(dataset: Dataset): Promise<OpenSplits> {
  const train = await dataset.open("train");
  const val = await dataset.open("val");
  const test = await dataset.open("test");
  if (!train || !val) {
    throw new DataError(`Cannot train: the dataset has no ${train ? "val" : "train"} split`);
  }
  for (const other of test ? [val, test] : [val]) {
    const [expected, found] = [train.sampleShape.join("×"), other.sampleShape.join("×")];
    if (expected !== found) {
      throw new DataError(
        `Cannot use "${other.name}": its features are ${found} wide, ` +
          `those of "${train.name}" ${expected}`,
        { file: other.name },
      );
    }
    if ((train.bagLengths === undefined) !== (other.bagLengths === undefined)) {
      const [kind, wanted] = other.bagLengths ? ["bags", "no bags"] : ["no bags", "bags"];
      throw new DataError(
        `Cannot use "${other.name}": it holds ${kind}, "${train.name}" ${wanted}`,
        { file: other.name },
      );
    }
  }
  const splits = test ? [train, val, test] : [train, val];
  for (const split of splits) {
    requireLabels(split);
    checkClasses(split, dataset);
  }
  requireApart(splits);
  return { train, val, test };
}

function requireLabels({ name, unlabelled }: Split): void {
  if (unlabelled) {
    throw new DataError(`Cannot train on "${name}": it has no labels`, { file: name });
  }
}

/** A class out of range would stop training in the middle of an epoch. */
function checkClasses({ name, labels: { values } }: Split, { subtask, numClasses }: Dataset): void {
  if (subtask !== "multiclass") return;
  const wrong = values.findIndex((label: number) => label < 0 || label >= numClasses);
  if (wrong < 0) return;
  throw new DataError(
    `Cannot use "${name}": sample ${wrong} is of class ${values[wrong]}, there are ` +
      `${numClasses} classes`,
    { file: name, index: wrong },
  );
}

/** Which fold is chosen, and how. */
export interface FoldOptions {
  /** The fold. */
  readonly fold: number;
  /** Seed of the division. */
  readonly seed: number;
  /** Number of folds that the dataset has made itself. */
  readonly folds?: number;
}

/**
 * Chooses the samples of one fold.
 *
 * Without cross-validation these are the splits as they are, with `data.data_fraction` of the
 * training samples. With `training.cv_folds` k > 1 the training split is divided into k stratified
 * parts, by patients where they are known; fold i validates on part i and trains on the others, and the validation split, which no
 * fold then trains or chooses checkpoints on, is the test split unless there is one. A dataset that
 * makes as many folds itself has divided its samples already.
 *
 * @param splits The dataset's splits.
 * @param config The resolved config.
 * @param options Which fold, the seed of the division, and the folds of the dataset.
 */
export function foldSplits(
  { train, val, test }: OpenSplits,
  { data, training }: ResolvedConfig,
  { fold, seed, folds }: FoldOptions,
): FoldSplits {
  const testPart = test && { split: test };
  try {
    if (training.cv_folds === 1 || folds === training.cv_folds) {
      const subset = chosenFraction(train.labels, data);
      return { train: { split: train, subset }, val: { split: val }, test: testPart };
    }
    const parts = foldParts(train, training.cv_folds, seed);
    const inside = indicesWhere(parts, (part) => part === fold);
    const outside = indicesWhere(parts, (part) => part !== fold);
    return {
      train: { split: train, subset: fractionOf(outside, train, data) },
      val: { split: train, subset: inside },
      test: testPart ?? { split: val },
    };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const path = training.cv_folds === 1 ? "data.data_fraction" : "training.cv_folds";
    throw new ConfigError([{ path, message: error.message }], { cause: error });
  }
}

function indicesWhere(values: Int32Array, wanted: (value: number) => boolean): Int32Array {
  return Int32Array.from(values.keys()).filter((index) => wanted(values[index]));
}

/** Seed of `data.data_fraction`, as in GloViTa: every run and every extraction has the same part. */
const FRACTION_SEED = 42;

/**
 * The samples that `data.data_fraction` keeps of a split to train on: of classes those that GloViTa
 * keeps, where it does not refuse to draw.
 * @param labels Targets of the split.
 * @param data The config's section; `stratified` is read where targets are classes.
 * @returns Ascending indices; `undefined` for all samples.
 * @throws {RangeError} if there are no samples.
 */
export function chosenFraction(
  labels: Labels,
  data: Pick<ResolvedConfig["data"], "data_fraction" | "stratified">,
): Int32Array<ArrayBuffer> | undefined {
  const { data_fraction: fraction } = data;
  if (fraction === null) return undefined;
  const { values } = labels;
  // Other targets than classes have no proportions.
  const stratified = values instanceof Int32Array && data.stratified;
  const drawn = stratified ? stratifiedDraw(values, fraction, FRACTION_SEED) : undefined;
  return drawn ?? selectFraction(labels, fraction, { seed: FRACTION_SEED, stratified });
}

function fractionOf(
  samples: Int32Array,
  { labels }: Split,
  data: ResolvedConfig["data"],
): Int32Array {
  if (data.data_fraction === null) return samples;
  return chosenFraction(labelsOf(labels, samples), data)!.map((index) => samples[index]);
}
