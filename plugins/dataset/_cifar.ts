/** What `cifar10` and `cifar100` share: everything but names and numbers. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { DataError } from "../../engine/errors.ts";
import {
  RAW_IMAGE_SOURCE_URL,
  type RawImageSourceOptions,
} from "../../engine/images/raw_image_source.ts";
import { isRandom, transformedSize } from "../../engine/images/transform.ts";
import { type AugmentationConfig, augmentationSchema } from "../../registry/config/augmentation.ts";
import { choice, flag, group, options, text } from "../../registry/options/mod.ts";
import type {
  Dataset,
  DatasetContext,
  OptionsSchema,
  Preprocessing,
} from "../../registry/plugin.ts";
import {
  type CifarFacts,
  type CifarFolder,
  findCifar,
  readCifarNames,
  readCifarSamples,
  SHAPE,
} from "./_cifar_files.ts";

/**
 * Config of the `cifar10` and `cifar100` datasets.
 * @category Datasets
 */
export interface CifarConfig {
  /** Number of classes. */
  readonly num_classes: number;
  /** Whether the dataset is downloaded if it is not there. @default {false} */
  readonly download: boolean;
  /** How images are changed before they reach the encoder. */
  readonly augmentation: AugmentationConfig;
  /** What rarely matters. */
  readonly dataset_kwargs: {
    /** Whether files must be the published ones. @default {true} */
    readonly check_md5: boolean;
    /** Address of the archive that `download` fetches. */
    readonly archive_url: string;
  };
}

/** Makes the schema of {@linkcode CifarConfig}. */
export function cifarSchema(facts: CifarFacts): OptionsSchema<CifarConfig> {
  const url = `https://www.cs.toronto.edu/~kriz/${facts.archive.name}`;
  return options<CifarConfig>({
    num_classes: choice(facts.num_classes, "number of classes", [facts.num_classes]),
    download: flag(false, "whether the dataset is downloaded if it is not in data_root_dir"),
    augmentation: augmentationSchema({ train_policy: "randaugment", test_policy: "default" }),
    dataset_kwargs: group({}, "what rarely matters", {
      check_md5: flag(true, "whether files must have the published md5"),
      archive_url: text(url, "address of the archive that download fetches"),
    }),
  });
}

/** How GloViTa's policies of CIFAR prepare its images, where the encoder asks for nothing. */
export const CIFAR_IMAGES: Omit<Preprocessing, "channels" | "nominalSize"> = {
  imageSize: [SHAPE[1], SHAPE[2]],
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.2023, 0.1994, 0.201],
  cropPct: 1,
};

/** Makes the dataset. The official test part serves as `val` and as `test`. */
export function openCifar(
  facts: CifarFacts,
  config: CifarConfig,
  { dataRootDir, images }: DatasetContext,
): Dataset {
  if (!images) throw new RangeError("it holds images, the encoder takes none");
  const { dataset_kwargs: { check_md5: checkMd5 }, num_classes } = config;
  let finding: Promise<CifarFolder> | undefined;
  let classNames: readonly string[] | undefined;
  return {
    task: "Classification",
    subtask: "multiclass",
    numClasses: num_classes,
    get classNames() {
      return classNames;
    },
    async open(split) {
      finding ??= findOrDownload(dataRootDir, facts, config);
      const folder = await finding;
      classNames ??= readCifarNames(folder, { facts, checkMd5 });
      const part = split === "train" ? "train" : "test";
      const { blocks, labels, ids } = readCifarSamples(folder, part, { facts, checkMd5 });
      const transform = split === "train" ? images.train : images.eval;
      const options: RawImageSourceOptions = { blocks, shape: SHAPE, transform };
      return {
        name: blocks.length === 1 ? join(folder.path, basename(blocks[0].file)) : folder.path,
        length: labels.length,
        labels: { values: labels, width: 1 },
        sampleShape: [transform.channels, ...transformedSize(transform, [SHAPE[1], SHAPE[2]])],
        source: { module: RAW_IMAGE_SOURCE_URL, options },
        fixed: !isRandom(transform),
        files: [...new Set(blocks.map(({ file }) => file))],
        ids,
      };
    },
  };
}

async function findOrDownload(
  root: string,
  facts: CifarFacts,
  { download, dataset_kwargs }: CifarConfig,
): Promise<CifarFolder> {
  const found = findCifar(root, facts);
  if (found) return found;
  const { pickles, binary, name, archive } = facts;
  if (download) {
    const { archive_url: url, check_md5: checkMd5 } = dataset_kwargs;
    const { downloadCifar } = await import("./_cifar_download.ts");
    await downloadCifar(root, { facts, url, checkMd5 });
    return { path: join(root, pickles.folder), form: "pickles" };
  }
  const packed = join(root, archive.name);
  const advice = existsSync(packed)
    ? `"${packed}" is not unpacked, see tar -xzf "${packed}" -C "${root}"`
    : `put one of them there, or allow the download with --data.download`;
  throw new DataError(
    `Cannot find ${name} in "${root}": there is neither a folder ${pickles.folder} nor ` +
      `${binary.folder}; ${advice}`,
    { file: root },
  );
}
