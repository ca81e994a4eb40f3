/**
 * What training reads: splits, sources of rows, and batches. Plain interfaces; who implements them
 * (HDF5 features, images, a third party's format) does not concern the trainer.
 * @module
 */

/**
 * Names of the splits, in the order in which they are used.
 *
 * @example A file for each split
 * ```ts
 * import { SPLIT_NAMES } from "@glovita/glovita/plugin";
 * import { assertEquals } from "@std/assert";
 *
 * const files = SPLIT_NAMES.map((split) => `bags_${split}.h5`);
 * assertEquals(files, ["bags_train.h5", "bags_val.h5", "bags_test.h5"]);
 * ```
 *
 * @category Plugins
 */
export const SPLIT_NAMES = ["train", "val", "test"] as const;

/**
 * Name of a split.
 * @category Datasets
 */
export type SplitName = typeof SPLIT_NAMES[number];

/**
 * Target values of a split, sample by sample.
 * @category Sources
 */
export interface Labels {
  /** Class indices (`Int32Array`) or regression / multilabel targets (`Float32Array`), row-major. */
  readonly values: Int32Array | Float32Array;
  /** Targets per sample: 1 for class indices, the number of columns otherwise. */
  readonly width: number;
}

/**
 * Names a module that can open the rows of a split. The loader's worker imports `module` and calls
 * its exported `openSource(options)`; `options` therefore must survive structured cloning.
 * @category Sources
 */
export interface SourceModule {
  /** Absolute URL of a module that exports `openSource: OpenSource`. */
  readonly module: string;
  /** Passed to `openSource` as it is. */
  readonly options: unknown;
  /** What the part is called that the module belongs to, for messages: whose fault its errors are. */
  readonly part?: string;
}

/**
 * A sample that could not be read.
 * @category Sources
 */
export interface SkippedSample {
  /** Its position among the requested samples. */
  readonly position: number;
  /** What is wrong with it: one line that names the file. */
  readonly reason: string;
}

/**
 * Rows read by a {@linkcode Source}: the samples' instances, one sample after the other.
 * @category Sources
 */
export interface Rows {
  /** Values, row-major: `[rows, ...sampleShape]`, where a bag contributes `length` rows. */
  readonly features: Float32Array<ArrayBuffer>;
  /** Instances per requested sample, only for bags. */
  readonly lengths?: Int32Array<ArrayBuffer>;
  /**
   * Samples that have no rows because they could not be read, by ascending position; only sources
   * of datasets that tolerate broken samples leave any out.
   */
  readonly skipped?: readonly SkippedSample[];
}

/**
 * How samples are read.
 * @category Sources
 */
export interface ReadOptions {
  /** Per requested bag: sorted instance indices to keep, or `undefined` for all. */
  readonly instances?: readonly (Int32Array | undefined)[];
  /** Memory of exactly the wanted size, to fill and to return as `features`. */
  readonly into?: Float32Array<ArrayBuffer>;
  /** What random changes of samples depend on besides a sample's index. @default seed 0, epoch 0 */
  readonly random?: ReadRandom;
}

/**
 * What is random when samples are read depends on this and on a sample's index, so that it is the
 * same whatever the number of threads and batches.
 * @category Sources
 */
export interface ReadRandom {
  /** Seed of the training. */
  readonly seed: number;
  /** Epoch that the samples are read for, from 0. */
  readonly epoch: number;
}

/**
 * Reads samples by index. Lives on the thread that reads, never crosses threads.
 * @category Sources
 */
export interface Source {
  /**
   * Reads samples. The caller takes the returned arrays over. A call may begin before those before
   * it have ended: extraction reads ahead.
   * @param indices Sample (instance or bag) indices, in the order in which they are wanted.
   * @param options Restricts which instances of the bags are read.
   * @returns The rows of those samples.
   * @throws {DataError} if a row cannot be read or holds NaN or Inf; `index` names the row.
   */
  read(indices: Int32Array, options?: ReadOptions): Rows | Promise<Rows>;
  /** Releases files. */
  close(): void;
}

/**
 * The function that a {@linkcode SourceModule}'s module exports under the name `openSource`.
 * @category Sources
 */
export type OpenSource = (options: unknown) => Source | Promise<Source>;

/**
 * How precomputed features were made, as their file says it.
 * @category Sources
 */
export interface FeaturesOrigin {
  /** Config of the encoder, as JSON. */
  readonly encoder?: string;
  /** How the encoder's tokens became one embedding. */
  readonly feature_aggregation_method?: string;
  /** SHA-256 of the encoder's weights. */
  readonly weights_sha256?: string;
  /** `data.augmentation` of the extraction, as JSON. */
  readonly augmentation?: string;
}

/**
 * One split of a dataset as its headers describe it, before any row is read.
 * @category Sources
 */
export interface Split {
  /** Where it comes from, for messages: a file path or folder. */
  readonly name: string;
  /** Number of samples: instances, images or bags. */
  readonly length: number;
  /** Targets of all samples. */
  readonly labels: Labels;
  /** Whether nobody knows the targets: `labels` then holds zeros, which mean nothing. @default {false} */
  readonly unlabelled?: boolean;
  /** Shape of one instance: `[embed_dim]` for features, `[channels, height, width]` for images. */
  readonly sampleShape: readonly number[];
  /** Instances per bag; absent when samples are not bags. */
  readonly bagLengths?: Int32Array;
  /** How the reading thread opens the rows. */
  readonly source: SourceModule;
  /**
   * Whether a sample is read the same in every epoch, so that what is computed of it may be kept;
   * for images, whether their transform is not random. @default {false}
   */
  readonly fixed?: boolean;
  /** How its features were made, where that is known. */
  readonly origin?: FeaturesOrigin;
  /** Files that the samples are read from: work that goes on notices where they were replaced. */
  readonly files?: readonly string[];
  /** Names of the samples, in their order, where they have any. */
  readonly ids?: readonly string[];
  /** Patients of the samples, in their order, where they are known. */
  readonly patients?: readonly string[];
  /** Lines that the user should see: what the dataset left out, and how much of it. */
  readonly notices?: readonly string[];
}

/**
 * One batch in the packed layout: the rows of all samples, one after the other, no padding.
 * @category Sources
 */
export interface Batch {
  /** `[rows, ...sampleShape]`; for instances and images rows = samples. */
  readonly features: Float32Array<ArrayBuffer>;
  /** Rows in `features`. */
  readonly rows: number;
  /** Samples in the batch. */
  readonly size: number;
  /** Instances per bag (each at least 1); absent when samples are not bags. */
  readonly lengths?: Int32Array<ArrayBuffer>;
  /** Targets of the batch's samples, `[size, width]`. */
  readonly labels: Int32Array | Float32Array;
  /** Indices of the samples within the split. */
  readonly indices: Int32Array;
  /** One line for each sample that belongs here and could not be read. */
  readonly skipped?: readonly string[];
}

/**
 * A batch of bags in the padded layout.
 * @category Sources
 */
export interface PaddedBatch {
  /** `[size, max_length, embed_dim]`, zeros beyond a bag's length. */
  readonly features: Float32Array<ArrayBuffer>;
  /** `[size, max_length, embed_dim]`. */
  readonly shape: readonly [number, number, number];
  /** `[size, max_length]`, 1 where `features` holds an instance. */
  readonly mask: Uint8Array<ArrayBuffer>;
}
