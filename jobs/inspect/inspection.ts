/**
 * What an inspection finds, as plain data that survives JSON.
 * @module
 */
import type { FeatureLayout } from "../../engine/features/feature_source.ts";
import type { SplitName } from "../../engine/data/data.ts";

/**
 * What every inspection says.
 * @category Inspection
 */
export interface InspectionFacts {
  /** The path as it was given. */
  readonly path: string;
  /** Why training would refuse it, a line each; nothing where it would not. */
  readonly problems: readonly string[];
  /** Lines for the user on what was assumed and left out. */
  readonly notices: readonly string[];
}

/**
 * Least, middle and greatest of some numbers.
 * @category Inspection
 */
export interface Spread {
  /** The least. */
  readonly min: number;
  /** The one in the middle, or the mean of the two in the middle. */
  readonly median: number;
  /** The greatest. */
  readonly max: number;
  /** Their sum. */
  readonly total: number;
}

/**
 * What the values of features are like.
 * @category Inspection
 */
export interface ValueScan {
  /** Rows that were read. */
  readonly rows: number;
  /** How many of them hold NaN. */
  readonly nanRows: number;
  /** How many of them hold Inf. */
  readonly infRows: number;
}

/**
 * A dataset inside an HDF5 file.
 * @category Inspection
 */
export interface StoredDataset {
  /** Its name. */
  readonly name: string;
  /** Type as NumPy names it, or `text`, `group`, `unreadable`. */
  readonly dtype: string;
  /** Its dimensions. */
  readonly shape: readonly number[];
  /** Dimensions of a chunk; absent for data in one piece. */
  readonly chunks?: readonly number[];
  /** Compression and other filters. */
  readonly filters: readonly string[];
  /** Its attributes. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

/**
 * Samples and the patients that they are of.
 * @category Inspection
 */
export interface SampleCount {
  /** Number of samples. */
  readonly samples: number;
  /** Number of patients, where they are known. */
  readonly patients?: number;
}

/**
 * Samples, in all and in each split.
 * @category Inspection
 */
export interface SplitCounts extends Readonly<Partial<Record<SplitName, SampleCount>>> {
  /** In all. */
  readonly all: SampleCount;
}

/**
 * A class, or a label of several.
 * @category Inspection
 */
export interface ClassCounts extends SplitCounts {
  /** Its name. */
  readonly name: string;
}

/**
 * What is to be predicted.
 * @category Inspection
 */
export interface TargetFacts {
  /** How targets are encoded. */
  readonly subtask: "multiclass" | "multilabel" | "regression";
  /** The classes, or the labels that a sample has or has not; none for regression. */
  readonly classes: readonly ClassCounts[];
  /** Values of regression by the name of the column. */
  readonly values: Readonly<Record<string, Spread>>;
  /** All samples. */
  readonly total: SplitCounts;
}

/**
 * A packed feature file: features and labels of all samples of a split.
 * @category Inspection
 */
export interface FeatureFileInspection extends InspectionFacts {
  /** Tells it from other inspections. */
  readonly kind: "feature_file";
  /** What the file holds. */
  readonly datasets: readonly StoredDataset[];
  /** Attributes of the file. */
  readonly attributes: Readonly<Record<string, unknown>>;
  /** How rows form samples, as far as the file can be used. */
  readonly layout?: FeatureLayout;
  /** Type of the features. */
  readonly dtype?: string;
  /** Width of an instance. */
  readonly embedDim?: number;
  /** Number of samples. */
  readonly samples?: number;
  /** Instances per bag. */
  readonly instances?: Spread;
  /** What is to be predicted. */
  readonly targets?: TargetFacts;
  /** What the values are like, where they were read. */
  readonly scan?: ValueScan;
}

/**
 * The feature file of one slide.
 * @category Inspection
 */
export interface SlideInspection extends InspectionFacts {
  /** Tells it from other inspections. */
  readonly kind: "slide";
  /** What kind of file it is. */
  readonly format: "HDF5" | "PyTorch" | "NumPy";
  /** Dataset of the features, in HDF5 files. */
  readonly key?: string;
  /** Type of the features. */
  readonly dtype: string;
  /** Their dimensions. */
  readonly shape: readonly number[];
  /** Number of instances. */
  readonly instances: number;
  /** Width of an instance. */
  readonly embedDim: number;
  /** What an HDF5 file holds. */
  readonly datasets: readonly StoredDataset[];
  /** Attributes of an HDF5 file. */
  readonly attributes: Readonly<Record<string, unknown>>;
  /** What the values are like, where they were read. */
  readonly scan?: ValueScan;
}

/**
 * One division of slides into splits.
 * @category Inspection
 */
export interface SplitFacts {
  /** The fold, where there are several. */
  readonly fold?: number;
  /** Where it comes from, in words. */
  readonly from: string;
  /** Samples of each split. */
  readonly counts: SplitCounts;
  /** Patients on two sides. */
  readonly leaks: readonly string[];
}

/**
 * What tables say of the slides of a folder.
 * @category Inspection
 */
export interface SlideTableFacts {
  /** The table of labels. */
  readonly file: string;
  /** Columns of the labels. */
  readonly labelColumns: readonly string[];
  /** Number of rows. */
  readonly rows: number;
  /** Whether a table tells the patients. */
  readonly hasPatients: boolean;
  /** Whether a sample is a slide, or all slides of a patient. */
  readonly bagLevel: "slide" | "patient";
  /** What is to be predicted; counts of the splits where there is one division. */
  readonly targets: TargetFacts;
  /** How slides are divided; several for folds. */
  readonly splits: readonly SplitFacts[];
  /** Slides without a file. */
  readonly withoutFile: readonly string[];
  /** Files that no row speaks of, as paths below the folder. */
  readonly withoutRow: readonly string[];
  /** Slides without a label. */
  readonly withoutLabel: readonly string[];
  /** Slides whose label is not a class. */
  readonly ignored: readonly string[];
}

/**
 * A folder with one feature file per slide, with or without tables.
 * @category Inspection
 */
export interface SlidesInspection extends InspectionFacts {
  /** Tells it from other inspections. */
  readonly kind: "slides";
  /** How many feature files there are, by the end of their names. */
  readonly files: Readonly<Record<string, number>>;
  /** How many slides were looked at. */
  readonly slides: number;
  /** Whether they are bags of instances, single vectors, or both. */
  readonly layout: "bags" | "vectors" | "mixed";
  /** Types of the features. */
  readonly dtypes: readonly string[];
  /** Widths of an instance. */
  readonly embedDims: readonly number[];
  /** Instances per sample: per slide that is not empty, or per patient. */
  readonly instances?: Spread;
  /** Slides without instances. */
  readonly empty: readonly string[];
  /** What the tables say, where they are given and can be used. */
  readonly table?: SlideTableFacts;
  /** What the values are like, where they were read. */
  readonly scan?: ValueScan;
}

/**
 * A folder of packed feature files and other files.
 * @category Inspection
 */
export interface FolderInspection extends InspectionFacts {
  /** Tells it from other inspections. */
  readonly kind: "folder";
  /** How many files there are, by the end of their names. */
  readonly files: Readonly<Record<string, number>>;
  /** The feature files, each looked at for itself. */
  readonly entries: readonly Inspection[];
}

/**
 * A tensor by name.
 * @category Inspection
 */
export interface TensorFacts {
  /** Its name. */
  readonly name: string;
  /** Its type as PyTorch names it. */
  readonly dtype: string;
  /** Its dimensions. */
  readonly shape: readonly number[];
}

/**
 * How far a run is.
 * @category Inspection
 */
export interface RunFacts {
  /** Its directory. */
  readonly directory: string;
  /** Its fold, where its name says so. */
  readonly fold?: number;
  /** Keys of the plugins that it was made with, by slot. */
  readonly plugins: Readonly<Record<string, string>>;
  /** Epochs with numbers. */
  readonly epochs: number;
  /** Epochs that were asked for. */
  readonly wantedEpochs?: number;
  /** Numbers of the last epoch on the validation split. */
  readonly lastVal: Readonly<Record<string, number | null>>;
  /** Numbers of the best checkpoint on the test split. */
  readonly test?: Readonly<Record<string, number | null>>;
  /** The value that chose the best checkpoint. */
  readonly best?: { readonly metric: string; readonly value: number; readonly epoch: number };
  /** Samples of each split, where they have names. */
  readonly splits: Readonly<Partial<Record<SplitName, number>>>;
}

/**
 * A file of weights: a checkpoint or weights from elsewhere.
 * @category Inspection
 */
export interface WeightsInspection extends InspectionFacts {
  /** Tells it from other inspections. */
  readonly kind: "weights";
  /** What kind of file it is. */
  readonly format: "PyTorch" | "safetensors";
  /** Keys that lead to the tensors below; none where they are at the top. */
  readonly keys: readonly string[];
  /** Names of other dictionaries of tensors in the file, as dotted paths. */
  readonly others: readonly string[];
  /** Its tensors; of several dictionaries those of the first with the most values. */
  readonly tensors: readonly TensorFacts[];
  /** Number of values in them; tensors that share their place count once. */
  readonly parameters: number;
  /** Epoch, where the file says so. */
  readonly epoch?: number;
  /** The run that the checkpoint belongs to, where it lies in one. */
  readonly run?: RunFacts;
}

/**
 * A run directory, or that of a group of folds.
 * @category Inspection
 */
export interface RunInspection extends InspectionFacts {
  /** Tells it from other inspections. */
  readonly kind: "run";
  /** The run; those of a group in the order of their folds. */
  readonly runs: readonly RunFacts[];
}

/**
 * What nothing can be said of, or does not hold features.
 * @category Inspection
 */
export interface OtherInspection extends InspectionFacts {
  /** Tells it from other inspections. */
  readonly kind: "other";
  /** What an HDF5 file holds. */
  readonly datasets: readonly StoredDataset[];
}

/**
 * What an inspection finds.
 * @category Inspection
 */
export type Inspection =
  | FeatureFileInspection
  | SlideInspection
  | SlidesInspection
  | FolderInspection
  | WeightsInspection
  | RunInspection
  | OtherInspection;

/**
 * How far an inspection is.
 * @category Inspection
 */
export interface InspectProgress {
  /** What is read: what files say of themselves, or all of their values. */
  readonly step: "headers" | "values";
  /** The path that is inspected. */
  readonly path: string;
  /** Files, or rows, that were read. */
  readonly done: number;
  /** Files, or rows, in all. */
  readonly total: number;
}
