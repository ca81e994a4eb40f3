/**
 * From a config to its dataset.
 * @module
 */
import type { ModelConfig } from "../config/tree.ts";
import type { Dataset, ImageTransforms } from "../plugin.ts";
import { type BuildSources, create } from "./create.ts";
import { type ImageOptions, imageTransforms } from "./images.ts";

/** A dataset, and what becomes of its images. */
export interface CreatedDataset {
  /** The dataset, none of whose splits is open yet. */
  readonly dataset: Dataset;
  /** What becomes of images; absent where the encoder takes none or the dataset has none. */
  readonly images?: ImageTransforms;
}

/** How a dataset is used. */
export interface DatasetOptions extends ImageOptions {
  /** Whether samples may come without targets. @default {false} */
  readonly mayLackLabels?: boolean;
  /** What becomes of images, instead of what the policies say. */
  readonly images?: ImageTransforms;
  /** Which fold of a cross-validation of how many. */
  readonly crossValidation?: { readonly fold: number; readonly folds: number };
}

/**
 * Creates the dataset that a config selects. Folder and fold are read by the datasets that use them.
 * @param sources Config and registry.
 * @param options How images are prepared, and which fold of a cross-validation is wanted.
 * @returns The dataset and the transforms of its images.
 * @throws {ConfigError} if the dataset's options, or a policy, do not fit.
 * @throws {DataError} if the dataset has to look at files that cannot be used.
 */
export async function createDataset(
  sources: BuildSources<ModelConfig>,
  options: DatasetOptions = {},
): Promise<CreatedDataset> {
  const { data } = sources.config;
  const { crossValidation } = options;
  const images = options.images ?? imageTransforms(sources, options);
  const dataset = await create("dataset", {
    get dataRootDir() {
      return data.data_root_dir ?? ".";
    },
    get fold() {
      return crossValidation?.fold ?? data.fold ?? undefined;
    },
    folds: crossValidation?.folds,
    ...(options.mayLackLabels && { mayLackLabels: true }),
    images,
  }, sources);
  return { dataset, images };
}
