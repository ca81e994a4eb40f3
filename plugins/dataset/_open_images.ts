/**
 * Datasets of image files: created at once, read when a split is opened.
 * @module
 */
import type { Dataset, DatasetContext } from "../../registry/plugin.ts";
import { type GenericImageDatasetConfig, type LayoutRules, taskInfo } from "./_generic_config.ts";
import type { Images } from "./_generic_images.ts";

/**
 * Makes a dataset of image files.
 * @param options Where images, splits and labels are.
 * @param context What datasets get.
 * @param rules What else the layout knows.
 * @throws {RangeError} if the encoder takes no images.
 */
export function openImages(
  options: GenericImageDatasetConfig,
  context: DatasetContext,
  rules: LayoutRules = {},
): Dataset {
  const info = taskInfo(options);
  const { images: transforms } = context;
  if (!transforms) throw new RangeError("it holds images, the encoder takes none");
  let images: Images | undefined;
  const find = async () => {
    const { Images } = await import("./_generic_images.ts");
    return new Images(options, context, rules);
  };
  return {
    ...info,
    get classNames() {
      return images?.classNames;
    },
    get folds() {
      return images?.folds;
    },
    async open(split) {
      images ??= await find();
      return await images.open(split, transforms);
    },
  };
}
