/**
 * The contract of feature files: HDF5 with `features` and `labels`, as instances, bags of one size,
 * or bags of any size. Everything that headers and small datasets can tell is checked here, before
 * any feature is read.
 * @module
 */
import { DataError } from "../errors.ts";
import type { FeaturesOrigin, Labels, Split } from "../data/data.ts";
import { sampleNames } from "./_sample_names.ts";
import { type BagPointers, bagPointers } from "./bag_pointers.ts";
import {
  FEATURE_SOURCE_URL,
  type FeatureLayout,
  type FeatureSourceOptions,
} from "./feature_source.ts";
import { type Hdf5Dataset, Hdf5File } from "../storage/hdf5/hdf5.ts";

/**
 * What kind of targets `labels` holds.
 * @category Feature files
 */
export type LabelKind = "class" | "regression" | "multilabel";

/**
 * Names of the datasets and the kind of the targets.
 * @category Feature files
 */
export interface FeatureFileOptions {
  /** Dataset of the features. @default {"features"} */
  readonly feature_key?: string;
  /** Dataset of the targets. @default {"labels"} */
  readonly label_key?: string;
  /** Dataset of the bags' first rows, if there is one. @default {"bag_ptr"} */
  readonly bag_ptr_key?: string;
  /** Dataset of the bags' lengths, if there is one. @default {"bag_lengths"} */
  readonly bag_lengths_key?: string;
  /** What the targets are. @default {"class"} */
  readonly labels?: LabelKind;
  /**
   * Targets per sample that a file without any is taken to have, all of them zero; where not given,
   * targets must be there.
   */
  readonly unlabelledWidth?: number;
}

/**
 * A feature file as its headers describe it.
 * @category Feature files
 */
export interface FeatureFile {
  /** Path as the user gave it. */
  readonly path: string;
  /** Name of the dataset of the features. */
  readonly featureKey: string;
  /** How the rows form samples. */
  readonly layout: FeatureLayout;
  /** Type of the stored features as NumPy names it. */
  readonly dtype: string;
  /** Width of one instance. */
  readonly embedDim: number;
  /** Number of samples: instances or bags. */
  readonly length: number;
  /** Number of instances in all samples. */
  readonly instances: number;
  /** Targets of all samples. */
  readonly labels: Labels;
  /** Whether the file has no targets: `labels` are zeros. @default {false} */
  readonly unlabelled?: boolean;
  /** Instances per bag, for bags. */
  readonly bagLengths?: Int32Array<ArrayBuffer>;
  /** Names of the samples, where the file has `sample_ids`. */
  readonly ids?: readonly string[];
  /** Patients of the samples, where the file has `patient_ids`. */
  readonly patients?: readonly string[];
  /** Names of the classes, where the attribute `class_names` has them. */
  readonly classNames?: readonly string[];
  /** How the features were made, where the file says so. */
  readonly origin?: FeaturesOrigin;
  /** Lines that the user should see: what the file reads from elsewhere, and what it lacks. */
  readonly notices: readonly string[];
}

/** Attributes that say how features were made; all of them are texts. */
const ORIGIN = [
  "encoder",
  "feature_aggregation_method",
  "weights_sha256",
  "augmentation",
] as const;

/** A dataset's error: `Cannot read "x.h5": dataset "labels" is missing`. */
type Fail = (dataset: string, state: string, index?: number) => DataError;

const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** Index of the first value that `test` rejects; -1 where it rejects none. */
function firstBad(values: Float64Array, test: (value: number) => boolean): number {
  return values.findIndex((value) => !test(value));
}

function classLabels(labels: Hdf5Dataset, fail: Fail): Labels {
  const { name } = labels.header;
  const numbers = labels.readNumbers();
  const broken = firstBad(numbers, Number.isInteger);
  if (broken >= 0) {
    throw fail(
      name,
      `holds labels that are not whole numbers: ${numbers[broken]} at ${broken}`,
      broken,
    );
  }
  const negative = firstBad(numbers, (value) => value >= 0);
  if (negative >= 0) {
    throw fail(name, `holds a negative label: ${numbers[negative]} at ${negative}`, negative);
  }
  const large = firstBad(numbers, (value) => value <= 0x7fffffff);
  if (large >= 0) {
    throw fail(name, `holds a label beyond 2^31: ${numbers[large]} at ${large}`, large);
  }
  return { values: Int32Array.from(numbers), width: 1 };
}

function targetLabels(labels: Hdf5Dataset, kind: LabelKind, fail: Fail): Labels {
  const { name } = labels.header;
  const numbers = labels.readNumbers();
  const width = labels.rowSize;
  const broken = firstBad(numbers, Number.isFinite);
  if (broken >= 0) {
    const row = Math.floor(broken / width);
    throw fail(name, `row ${row} holds ${numbers[broken]}`, row);
  }
  const outside = kind === "multilabel"
    ? firstBad(numbers, (value) => value >= 0 && value <= 1)
    : -1;
  if (outside >= 0) {
    const row = Math.floor(outside / width);
    throw fail(name, `row ${row} holds ${numbers[outside]}, multilabel targets lie in 0 to 1`, row);
  }
  return { values: Float32Array.from(numbers), width };
}

function checkLabels(labels: Hdf5Dataset, kind: LabelKind, fail: Fail): void {
  const { name, shape } = labels.header;
  const most = kind === "class" ? 1 : 2;
  if (shape.length < 1 || shape.length > most) {
    const wanted = kind === "class" ? "1" : "1 or 2";
    throw fail(name, `has ${plural(shape.length, "dimension")}, ${kind} labels have ${wanted}`);
  }
  if (labels.rowSize === 0) throw fail(name, "has no columns");
}

function readLabels(labels: Hdf5Dataset, kind: LabelKind, fail: Fail): Labels {
  return kind === "class" ? classLabels(labels, fail) : targetLabels(labels, kind, fail);
}

function checkFeatures(features: Hdf5Dataset, fail: Fail): void {
  const { name, shape } = features.header;
  if (shape.length !== 2 && shape.length !== 3) {
    throw fail(
      name,
      `has ${plural(shape.length, "dimension")}, wants 2 (instances) or 3 (bags of one size)`,
    );
  }
  if (shape[0] === 0) throw fail(name, "has no rows");
  if (shape.length === 3 && shape[1] === 0) throw fail(name, "holds bags without instances");
  if (shape.at(-1) === 0) throw fail(name, "has no columns");
}

function originOf(file: Hdf5File): FeaturesOrigin | undefined {
  const texts = ORIGIN.map((name) => [name, file.text(name)] as const)
    .filter(([, text]) => text !== undefined);
  return texts.length > 0 ? Object.fromEntries(texts) : undefined;
}

/** Names of the datasets that say which rows form a bag. */
interface PointerKeys {
  readonly ptrKey: string;
  readonly lengthsKey: string;
}

/** How many samples a file without targets has. */
async function samplesWithout(
  file: Hdf5File,
  features: Hdf5Dataset,
  { ptrKey, lengthsKey }: PointerKeys,
): Promise<number> {
  if (file.kindOf(ptrKey) === "dataset") return Math.max(0, (await file.dataset(ptrKey)).rows - 1);
  if (file.kindOf(lengthsKey) === "dataset") return (await file.dataset(lengthsKey)).rows;
  return features.rows;
}

/** Targets that nobody knows. */
function zeros(count: number, width: number, kind: LabelKind): Labels {
  return kind === "class"
    ? { values: new Int32Array(count), width: 1 }
    : { values: new Float32Array(count * width), width };
}

/** How rows form samples, and how many of them. */
interface Samples {
  readonly layout: FeatureLayout;
  readonly length: number;
  readonly bagLengths?: Int32Array<ArrayBuffer>;
}

function samplesOf(
  features: Hdf5Dataset,
  count: number,
  pointers: BagPointers | undefined,
  fail: Fail,
): Samples {
  const { name, shape } = features.header;
  if (shape.length === 3) {
    if (pointers) {
      throw fail(name, `holds fixed-size bags but the file also carries "${pointers.name}"`);
    }
    if (shape[0] !== count) {
      throw fail(name, `holds ${plural(shape[0], "bag")} but ${plural(count, "label")} are given`);
    }
    const bagLengths = new Int32Array(count).fill(shape[1]);
    return { layout: "fixed_bags", length: count, bagLengths };
  }
  if (pointers) {
    return { layout: "variable_bags", length: count, bagLengths: pointers.lengths };
  }
  if (shape[0] !== count) {
    throw fail(
      name,
      `holds ${plural(shape[0], "feature row")} but ${plural(count, "label")} are given`,
    );
  }
  return { layout: "instance", length: count };
}

/**
 * Reads and checks headers, labels and bag pointers of a feature file. No feature is read.
 *
 * @param path The HDF5 file.
 * @param options Names of its datasets and the kind of its labels.
 * @returns What the file holds.
 * @throws {DataError} if the file breaks the contract; the message names file and dataset.
 *
 * @example Look into a file
 * ```ts ignore
 * const file = await openFeatureFile("train.h5");
 * console.log(file.layout, file.length, file.embedDim);
 * ```
 *
 * @category Feature files
 */
export async function openFeatureFile(
  path: string,
  options: FeatureFileOptions = {},
): Promise<FeatureFile> {
  const featureKey = options.feature_key ?? "features";
  const labelKey = options.label_key ?? "labels";
  const kind = options.labels ?? "class";
  const fail: Fail = (dataset, state, index) =>
    new DataError(`Cannot read "${path}": dataset "${dataset}" ${state}`, {
      file: path,
      dataset,
      index,
    });
  using file = await Hdf5File.open(path);
  const features = await file.dataset(featureKey);
  const { unlabelledWidth: width } = options;
  const unlabelled = width !== undefined && file.kindOf(labelKey) === "missing";
  const labels = unlabelled ? undefined : await file.dataset(labelKey);
  checkFeatures(features, fail);
  if (labels) checkLabels(labels, kind, fail);
  const keys = {
    ptrKey: options.bag_ptr_key ?? "bag_ptr",
    lengthsKey: options.bag_lengths_key ?? "bag_lengths",
  };
  const count = labels?.rows ?? await samplesWithout(file, features, keys);
  // Shapes are compared before values are read: what a shape says costs its file nothing.
  const pointers = await bagPointers(file, {
    ...keys,
    bags: count,
    rows: features.rows,
    features: features.header,
  });
  const samples = samplesOf(features, count, pointers, fail);
  if (pointers) features.expectStored(pointers.lengths.reduce((a, b) => Math.max(a, b), 0));
  const values = labels ? readLabels(labels, kind, fail) : zeros(count, width!, kind);
  const { notices, ...names } = sampleNames(file, samples.length);
  const { shape } = features.header;
  const instances = samples.layout === "fixed_bags" ? shape[0] * shape[1] : shape[0];
  return {
    path,
    featureKey,
    dtype: features.dtype,
    embedDim: shape.at(-1) ?? 0,
    instances,
    labels: values,
    ...(unlabelled && { unlabelled }),
    ...samples,
    ...names,
    origin: originOf(file),
    notices: [...file.notices, ...notices],
  };
}

/**
 * Describes a feature file as a split for the trainer.
 *
 * @param file What {@linkcode openFeatureFile} gave.
 * @returns The split; its source opens the file again on the thread that reads.
 *
 * @example A split for training
 * ```ts ignore
 * const split = featureSplit(await openFeatureFile("train.h5"));
 * ```
 *
 * @category Feature files
 */
export function featureSplit(file: FeatureFile): Split {
  const options: FeatureSourceOptions = {
    path: file.path,
    featureKey: file.featureKey,
    layout: file.layout,
    embedDim: file.embedDim,
    bagLengths: file.bagLengths,
  };
  return {
    name: file.path,
    length: file.length,
    labels: file.labels,
    ...(file.unlabelled && { unlabelled: true }),
    sampleShape: [file.embedDim],
    bagLengths: file.bagLengths,
    ...(file.ids && { ids: file.ids }),
    ...(file.patients && { patients: file.patients }),
    origin: file.origin,
    notices: file.notices,
    files: [file.path],
    source: { module: FEATURE_SOURCE_URL, options },
    fixed: true,
  };
}
