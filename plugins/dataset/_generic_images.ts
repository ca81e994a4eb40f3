/** The images and targets of the `generic_image_dataset` dataset. */
import { join } from "node:path";
import { DataError } from "../../engine/errors.ts";
import {
  findImageSize,
  IMAGE_SOURCE_URL,
  type ImageSourceOptions,
} from "../../engine/images/image_source.ts";
import { isRandom } from "../../engine/images/transform.ts";
import type { Split } from "../../engine/data/data.ts";
import { quoted } from "../../engine/storage/table.ts";
import type { TextOptions } from "../../engine/storage/text_file.ts";
import type {
  DatasetContext,
  ImageTransforms,
  SplitName,
  TaskInfo,
} from "../../registry/plugin.ts";
import {
  DEFAULT_EXTENSIONS,
  DEFAULT_IMAGES_DIR,
  DEFAULT_LABELS_FILE,
  type GenericImageDatasetConfig,
  type LayoutRules,
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
  pathBelow,
  type SplitEntries,
  type SplitPlaces,
  splitsAsFolders,
  splitsFromFile,
  type SplitSource,
} from "./_image_splits.ts";
import { groupLeftOut, isHarmless, whyLeftOut } from "./_left_out.ts";
import { readCsvLabels, readJsonLabels } from "./_label_table.ts";
import type { SplitImage } from "./_row_owners.ts";

/** Splits and labels as files and folders say them. */
export class Images {
  readonly #options: GenericImageDatasetConfig;
  readonly #info: TaskInfo;
  readonly #rules: LayoutRules;
  readonly #splits: SplitSource;
  readonly #labels: LabelSource;
  /** Folder of all images. */
  readonly #folder: string;
  /** Folds of a cross-validation. */
  readonly #wantedFolds: number | undefined;

  constructor(
    options: GenericImageDatasetConfig,
    context: DatasetContext,
    rules: LayoutRules,
  ) {
    this.#options = options;
    this.#info = taskInfo(options);
    this.#rules = rules;
    this.#wantedFolds = context.folds;
    const { dataRootDir: root } = context;
    const files = new ImageFiles(options.allowed_exts);
    const images = imagesFolder(options, root, files);
    const places = { root, images, files };
    this.#folder = images;
    const splitNames = splitNamesOf(options);
    this.#splits = options.split_source === "subdirs"
      ? splitsAsFolders(places)
      : splitsFromFile(join(root, options.split_file), {
        ...places,
        foldOf: () => context.fold,
        folds: context.folds,
        pathOf: rules.pathOf,
        splitNames,
        text: textOptions(options),
      });
    const { noneLabel } = rules;
    this.#labels = labelsOf(options, { ...places, splits: this.#splits, noneLabel });
    this.#checkClasses();
  }

  /** Names of the classes, where all of them have one. */
  get classNames(): readonly string[] | undefined {
    const { classNames } = this.#labels;
    return classNames?.length === this.#info.numClasses ? classNames : undefined;
  }

  /** Number of folds of a cross-validation that the split file itself makes. */
  get folds(): number | undefined {
    return this.#splits.folds === undefined ? undefined : this.#wantedFolds;
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
    const { strict, max_image_pixels: maxPixels } = this.#options;
    const width = this.#info.subtask === "multilabel" ? this.#info.numClasses : 1;
    const transform = split === "train" ? transforms.train : transforms.eval;
    const files = images.map(({ file }) => file);
    const options: ImageSourceOptions = { files, transform, strict, maxPixels };
    const { size } = await findImageSize(options);
    return {
      name: entries.origin,
      length: files.length,
      labels: { values: labels, width },
      sampleShape: [transform.channels, ...size],
      source: { module: IMAGE_SOURCE_URL, options },
      fixed: !isRandom(transform),
      files,
      ids: images.map(({ id }) => id),
      notices: [
        ...this.#unusedFolds(),
        ...this.#labels.notices?.() ?? [],
        ...notices,
        ...(split === "train" ? [] : this.#shared(files, name)),
      ],
    };
  }

  /** Says how many folds of the split file no run is for. */
  #unusedFolds(): string[] {
    const { place, folds = 0 } = this.#splits;
    const wanted = this.#wantedFolds ?? 0;
    if (folds <= wanted) return [];
    return [`"${place}" holds ${folds} folds, training.cv_folds ${wanted} takes the first ones`];
  }

  /** Says how many images are trained on too. */
  #shared(files: readonly string[], name: string): string[] {
    const { train_split_name: train } = this.#options;
    const trained = new Set(this.#splits.find(train)?.images.map(({ file }) => file));
    if (trained.size === 0) return [];
    const count = files.filter((file) => trained.has(file)).length;
    return count === 0 ? [] : [`split "${name}" shares ${imageCount(count)} with split "${train}"`];
  }

  #checkClasses(): void {
    const { place, classNames } = this.#labels;
    const { numClasses } = this.#info;
    if (!classNames || classNames.length === numClasses) return;
    if (classNames.length < numClasses && !this.#rules.allClasses) return;
    throw new DataError(
      `Cannot use "${place}": it has ${classList(classNames)}, data.num_classes is ${numClasses}`,
      { file: place },
    );
  }

  /** The images of a split that are there and have a label. */
  #labelled(entries: SplitEntries, split: string) {
    const { origin, images, missing } = entries;
    const { strict } = this.#options;
    if (strict) this.#checkComplete(entries, split);
    const kept: ImageEntry[] = [];
    const targets: (number | readonly number[])[] = [];
    const unlabelled: ImageEntry[] = [];
    for (const image of images) {
      const target = this.#labels.labelOf(image, split);
      if (target === undefined) unlabelled.push(image);
      else {
        this.#checkTarget(target, image);
        kept.push(image);
        targets.push(target);
      }
    }
    const { place } = this.#labels;
    if (strict && unlabelled.length > 0) {
      const [image] = unlabelled;
      const why = this.#labels.whyNone?.(image, split) ?? "";
      throw new DataError(`Cannot use "${place}": it has no label of "${image.id}"${why}`, {
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
    const classes = this.#info.subtask === "multiclass";
    return {
      images: kept,
      labels: classes ? Int32Array.from(targets.flat()) : Float32Array.from(targets.flat()),
      notices: [
        ...this.#leftOut(entries, split),
        ...leftOut(missing, `split "${split}": not there`),
        ...leftOut(unlabelled.map(({ id }) => id), `split "${split}": "${place}" has no label`),
      ],
    };
  }

  /** Refuses a split without some of what is meant as its images. */
  #checkComplete({ origin, missing, whyMissing, leftOut = [] }: SplitEntries, split: string): void {
    if (missing.length > 0) {
      const why = whyMissing?.(missing[0]);
      throw new DataError(
        `Cannot use "${origin}": there is no image "${missing[0]}" of split "${split}"` +
          (why === undefined ? "" : `, ${why}`),
        { file: origin },
      );
    }
    // Who names the ends of images' names wants no others.
    const chosen = this.#options.allowed_exts.join() !== DEFAULT_EXTENSIONS.join();
    const [first, ...more] = leftOut.filter((one) =>
      !isHarmless(one) && !(chosen && one.reason === "ending")
    );
    if (!first) return;
    const rest = more.length === 0
      ? ""
      : `; ${more.length} more of split "${split}" cannot be used`;
    throw new DataError(`Cannot use "${first.path}": ${whyLeftOut(first)}${rest}`, {
      file: first.path,
    });
  }

  /** Says what lies beside the images and is not used. */
  #leftOut({ leftOut = [] }: SplitEntries, split: string): string[] {
    return [...groupLeftOut(leftOut)].map(([why, group]) => {
      const names = group.map(({ path }) => pathBelow(this.#folder, path) ?? path);
      return `${group.length} left out of split "${split}" (${why}): ${quoted(names)}`;
    });
  }

  #checkTarget(target: number | readonly number[], { id }: ImageEntry): void {
    const { subtask, numClasses } = this.#info;
    if (typeof target !== "number" || subtask !== "multiclass" || target < numClasses) return;
    const { place } = this.#labels;
    throw new DataError(
      `Cannot use "${place}": "${id}" has class ${target}, data.num_classes is ${numClasses}`,
      { file: place },
    );
  }
}

/** How many classes there are, and which. */
function classList(names: readonly string[]): string {
  if (names.length === 0) return "no folders of classes";
  return `${names.length} ${names.length === 1 ? "class" : "classes"}, ${quoted(names)}`;
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
  const why = files.foldersIn(images) ? undefined : files.whyUnusable(images);
  if (why !== undefined) throw new DataError(`Cannot read "${images}": ${why}`, { file: images });
  return images_dir === DEFAULT_IMAGES_DIR && !files.foldersIn(images) ? root : images;
}

interface LabelPlaces extends SplitPlaces {
  readonly splits: SplitSource;
  readonly noneLabel?: string;
}

function labelsOf(options: GenericImageDatasetConfig, places: LabelPlaces): LabelSource {
  const { label_source } = options;
  const { root, images, splits, noneLabel } = places;
  if (label_source === "folder") {
    const splitNames = splitNamesOf(options);
    const names = options.class_names ?? foldersOfClasses(options, places);
    return labelsFromFolders({ place: images, splitNames, classNames: names });
  }
  const { task, subtask, numClasses } = taskInfo(options);
  const several = subtask === "multilabel";
  const reading = { ...textOptions(options), several };
  const table = label_source === "csv"
    ? readCsvLabels(join(root, csvFile(options)), columnsOf(options), reading)
    : readJsonLabels(join(root, options.labels_file), reading);
  const regression = task === "Regression";
  return labelsFromTable(table, {
    folders: [root, images],
    regression,
    multilabel: several ? numClasses : undefined,
    noneLabel,
    classNames: regression ? null : options.class_names,
    images: () => imagesOf(options, splits),
  });
}

function csvFile({ labels_file }: GenericImageDatasetConfig): string {
  return labels_file === DEFAULT_LABELS_FILE ? "labels.csv" : labels_file;
}

function columnsOf(options: GenericImageDatasetConfig): [string, string] {
  return [options.path_column, options.label_column];
}

function textOptions({ encoding }: GenericImageDatasetConfig): TextOptions {
  return { encoding: encoding ?? undefined, encodingOption: "data.encoding" };
}

/** The images of all splits. */
function imagesOf(options: GenericImageDatasetConfig, splits: SplitSource): SplitImage[] {
  return [...new Set(splitNamesOf(options))].flatMap((split) =>
    splits.find(split)?.images.map((image) => ({ image, split })) ?? []
  );
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
  return [...new Set(names.map((name) => name.normalize("NFC")))].sort();
}
