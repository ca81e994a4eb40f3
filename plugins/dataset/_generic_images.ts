/** The images and targets of the `generic_image_dataset` dataset. */
import { join } from "node:path";
import { DataError } from "../../engine/errors.ts";
import {
  findImageSize,
  IMAGE_SOURCE_URL,
  type ImageSourceOptions,
} from "../../engine/images/image_source.ts";
import type { Split } from "../../engine/data/data.ts";
import type {
  DatasetContext,
  ImageTransforms,
  SplitName,
  TaskInfo,
} from "../../registry/plugin.ts";
import {
  DEFAULT_IMAGES_DIR,
  DEFAULT_LABELS_FILE,
  type GenericImageDatasetConfig,
  splitNamesOf,
  taskInfo,
} from "./_generic_config.ts";
import { ImageFiles } from "./_image_files.ts";
import {
  classFolder,
  labelsFromFolders,
  labelsFromTable,
  type LabelSource,
} from "./_image_labels.ts";
import {
  type ImageEntry,
  type SplitEntries,
  type SplitPlaces,
  splitsAsFolders,
  splitsFromFile,
  type SplitSource,
} from "./_image_splits.ts";
import { quoted } from "./_tables.ts";

/** Splits and labels as files and folders say them. */
export class Images {
  readonly #options: GenericImageDatasetConfig;
  readonly #info: TaskInfo;
  readonly #splits: SplitSource;
  readonly #labels: LabelSource;

  constructor(
    options: GenericImageDatasetConfig,
    { dataRootDir: root, fold }: DatasetContext,
    info: TaskInfo,
  ) {
    this.#options = options;
    this.#info = info;
    const files = new ImageFiles(options.allowed_exts);
    const images = imagesFolder(options, root, files);
    const places = { root, images, files };
    const splitNames = splitNamesOf(options);
    this.#splits = options.split_source === "subdirs"
      ? splitsAsFolders(places)
      : splitsFromFile(join(root, options.split_file), { ...places, fold, splitNames });
    this.#labels = labelsOf(options, { ...places, splits: this.#splits });
    this.#checkClasses();
  }

  /** Names of the classes, where all of them have one. */
  get classNames(): readonly string[] | undefined {
    const { classNames } = this.#labels;
    return classNames?.length === this.#info.numClasses ? classNames : undefined;
  }

  async open(split: SplitName, transforms: ImageTransforms): Promise<Split> {
    const name = this.#options[`${split}_split_name`];
    const entries = this.#splits.find(name);
    if (!entries) {
      if (split === "test") return await this.open("val", transforms);
      const { place, names } = this.#splits;
      throw new DataError(
        `Cannot open the ${split} split: "${place}" has no "${name}", it has ${quoted(names)}`,
        { file: place },
      );
    }
    const { images, labels, notices } = this.#labelled(entries, name);
    const { strict } = this.#options;
    const transform = split === "train" ? transforms.train : transforms.eval;
    const files = images.map(({ file }) => file);
    const options: ImageSourceOptions = { files, transform, strict };
    const { size } = await findImageSize(options);
    return {
      name: entries.origin,
      length: files.length,
      labels: { values: labels, width: 1 },
      sampleShape: [transform.channels, ...size],
      source: { module: IMAGE_SOURCE_URL, options },
      files,
      ids: images.map(({ id }) => id),
      notices: split === "train" ? notices : [...notices, ...this.#shared(files, name)],
    };
  }

  /** Says how many images are trained on too. */
  #shared(files: readonly string[], name: string): string[] {
    const { train_split_name: train } = this.#options;
    const trained = new Set(this.#splits.find(train)?.images.map(({ file }) => file));
    const count = files.filter((file) => trained.has(file)).length;
    return count === 0 ? [] : [`split "${name}" shares ${imageCount(count)} with split "${train}"`];
  }

  #checkClasses(): void {
    const { place, classNames } = this.#labels;
    const { numClasses } = this.#info;
    if (!classNames || classNames.length <= numClasses) return;
    throw new DataError(
      `Cannot use "${place}": it has ${classNames.length} classes, ${quoted(classNames)}, ` +
        `data.num_classes is ${numClasses}`,
      { file: place },
    );
  }

  /** The images of a split that are there and have a label. */
  #labelled({ origin, images, missing }: SplitEntries, split: string) {
    const { strict } = this.#options;
    if (strict && missing.length > 0) {
      throw new DataError(
        `Cannot use "${origin}": there is no image "${missing[0]}" of split "${split}"`,
        { file: origin },
      );
    }
    const kept: ImageEntry[] = [];
    const targets: number[] = [];
    const unlabelled: string[] = [];
    for (const image of images) {
      const target = this.#labels.labelOf(image, split);
      if (target === undefined) unlabelled.push(image.id);
      else {
        this.#checkTarget(target, image);
        kept.push(image);
        targets.push(target);
      }
    }
    const { place } = this.#labels;
    if (strict && unlabelled.length > 0) {
      throw new DataError(`Cannot use "${place}": it has no label of "${unlabelled[0]}"`, {
        file: place,
      });
    }
    if (kept.length === 0) {
      const ends = this.#options.allowed_exts.join(" ");
      throw new DataError(
        `Cannot use "${origin}": split "${split}" has no images (${ends}) with labels`,
        { file: origin },
      );
    }
    const classes = this.#info.task === "Classification";
    return {
      images: kept,
      labels: classes ? Int32Array.from(targets) : Float32Array.from(targets),
      notices: [
        ...leftOut(missing, `split "${split}": not there`),
        ...leftOut(unlabelled, `split "${split}": "${place}" has no label`),
      ],
    };
  }

  #checkTarget(target: number, { id }: ImageEntry): void {
    const { task, numClasses } = this.#info;
    if (task === "Regression" || target < numClasses) return;
    const { place } = this.#labels;
    throw new DataError(
      `Cannot use "${place}": "${id}" has class ${target}, data.num_classes is ${numClasses}`,
      { file: place },
    );
  }
}

function imageCount(count: number): string {
  return count === 1 ? "1 image" : `${count} images`;
}

function leftOut(names: readonly string[], why: string): string[] {
  return names.length === 0
    ? []
    : [`${imageCount(names.length)} left out of ${why}: ${quoted(names)}`];
}

/** The folder of all images: without one of the default's name, the folder of the dataset. */
function imagesFolder(
  { images_dir }: GenericImageDatasetConfig,
  root: string,
  files: ImageFiles,
): string {
  const images = join(root, images_dir);
  return images_dir === DEFAULT_IMAGES_DIR && !files.foldersIn(images) ? root : images;
}

interface LabelPlaces extends SplitPlaces {
  readonly splits: SplitSource;
}

function labelsOf(options: GenericImageDatasetConfig, places: LabelPlaces): LabelSource {
  const { label_source, labels_file, class_names } = options;
  const { root, images } = places;
  if (label_source === "folder") {
    const splitNames = splitNamesOf(options);
    const names = class_names ?? foldersOfClasses(options, places);
    return labelsFromFolders({ place: images, splitNames, classNames: names });
  }
  const csv = label_source === "csv";
  const file = csv && labels_file === DEFAULT_LABELS_FILE ? "labels.csv" : labels_file;
  return labelsFromTable(join(root, file), {
    folders: [root, images],
    columns: csv ? [options.path_column, options.label_column] : undefined,
    regression: taskInfo(options).task === "Regression",
    classNames: class_names,
  });
}

/** Names of the folders that are classes, also of empty ones. */
function foldersOfClasses(
  options: GenericImageDatasetConfig,
  { images, files, splits }: LabelPlaces,
): readonly string[] {
  const splitNames = splitNamesOf(options);
  const names = options.split_source === "subdirs"
    ? splitNames.flatMap((name) => files.foldersIn(join(images, name)) ?? [])
    : splits.names.flatMap((name) => splits.find(name)?.images ?? [])
      .flatMap((image) => classFolder(image, splitNames) ?? []);
  return [...new Set(names)].sort();
}
