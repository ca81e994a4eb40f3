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

/**
 * Creates the dataset that a config selects. Folder and fold are read by the datasets that use them.
 * @param sources Config and registry.
 * @param options How images are prepared.
 * @returns The dataset and the transforms of its images.
 * @throws {ConfigError} if the dataset's options, or a policy, do not fit.
 */
export function createDataset(
  sources: BuildSources<ModelConfig>,
  options: ImageOptions = {},
): CreatedDataset {
  const { data } = sources.config;
  const images = imageTransforms(sources, options);
  const dataset = create("dataset", {
    get dataRootDir() {
      return data.data_root_dir ?? ".";
    },
    get fold() {
      return data.fold ?? undefined;
    },
    images,
  }, sources);
  return { dataset, images };
}
