/**
 * The samples that a model predicts: those of its own run, or new ones.
 * @module
 */
import type { Split, SplitName } from "../../engine/data/data.ts";
import { DataError } from "../../engine/errors.ts";
import { createDataset } from "../../registry/builder/dataset.ts";
import { foldSplits, openTrainSplits, type SplitPart } from "../../registry/builder/splits.ts";
import type { ResolvedConfig } from "../../registry/config/tree.ts";
import { type Dataset, SPLIT_NAMES } from "../../registry/plugin.ts";
import type { Registry } from "../../registry/registry.ts";

/** Samples to predict. */
export interface InferPart extends SplitPart {
  /** What they are called: the split. */
  readonly name: SplitName;
}

/** Which samples. */
export interface InferDataOptions {
  /** Where plugins are looked up. */
  readonly registry: Registry;
  /** The run's config, with the data that is asked for. */
  readonly config: ResolvedConfig;
  /** Which fold the run is. */
  readonly fold: number | undefined;
  /** Whether the data is another one than that of the run. */
  readonly isNew: boolean;
  /** Which split; test, or val without a test split, where `null`. */
  readonly split: SplitName | "all" | null;
}

/** Samples of a run or of new data. */
export interface InferData {
  /** The dataset. */
  readonly dataset: Dataset;
  /** The samples, split by split. */
  readonly parts: readonly InferPart[];
}

/**
 * Opens what is to be predicted. Of a run's own data these are the very samples that the run has
 * trained, validated and tested on.
 * @param options Which samples.
 * @throws {DataError} if there is no such split, or it cannot be used.
 */
export async function openInferData(options: InferDataOptions): Promise<InferData> {
  const { config, registry, fold, isNew, split } = options;
  const { training: { cv_folds: folds } } = config;
  const crossValidation = !isNew && folds > 1 && fold !== undefined ? { fold, folds } : undefined;
  const { dataset } = await createDataset({ config, registry }, {
    crossValidation,
    mayLackLabels: isNew,
  });
  const divided = !isNew && (folds > 1 || (split !== null && ["train", "all"].includes(split)));
  const found = divided ? await dividedParts(dataset, options) : await wholeParts(dataset, split);
  return { dataset, parts: chosen(found, split) };
}

/** The samples of a fold of a cross-validation, or of training with a part of the data. */
async function dividedParts(
  dataset: Dataset,
  { config, fold = 0 }: InferDataOptions,
): Promise<InferPart[]> {
  const { training: { seed } } = config;
  const opened = await openTrainSplits(dataset);
  const { folds } = dataset;
  const splits = foldSplits(opened, config, { fold, seed: seed ?? 0, folds });
  return SPLIT_NAMES.flatMap((name) => {
    const part = splits[name];
    return part ? [{ ...part, name }] : [];
  });
}

async function wholeParts(dataset: Dataset, split: SplitName | "all" | null): Promise<InferPart[]> {
  const names: readonly SplitName[] = split === null
    ? ["test", "val"]
    : split === "all"
    ? SPLIT_NAMES
    : [split];
  const parts: InferPart[] = [];
  for (const name of names) {
    const opened: Split | undefined = await dataset.open(name);
    if (opened) parts.push({ name, split: opened });
    if (split === null && opened) break;
  }
  return parts;
}

function chosen(parts: readonly InferPart[], split: SplitName | "all" | null): InferPart[] {
  const wanted = split === "all"
    ? [...parts]
    : split === null
    ? parts.filter(({ name }) => name === (hasTest(parts) ? "test" : "val"))
    : parts.filter(({ name }) => name === split);
  if (wanted.length > 0) return wanted;
  throw new DataError(`Cannot predict: the dataset has no ${split ?? "test"} split`);
}

function hasTest(parts: readonly InferPart[]): boolean {
  return parts.some(({ name }) => name === "test");
}
