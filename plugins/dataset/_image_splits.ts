/** Which images a split has: those below a folder of its name, or those that a file lists. */
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { DataError } from "../../engine/errors.ts";
import { readJsonFile } from "../../engine/storage/json_file.ts";
import { quoted, shown } from "../../engine/storage/table.ts";
import type { TextOptions } from "../../engine/storage/text_file.ts";
import type { ImageFiles } from "./_image_files.ts";
import type { LeftOut } from "./_left_out.ts";
import { comparablePath } from "./_paths.ts";

/** An image of a split. */
export interface ImageEntry {
  /** Its file. */
  readonly file: string;
  /** Path below the folder of all images, parts joined by `/`. */
  readonly id: string;
  /** What the list of the split calls it, where there is one. */
  readonly listed?: string;
}

/** What a split consists of. */
export interface SplitEntries {
  /** Where that is said: a folder or a file. */
  readonly origin: string;
  /** The images. */
  readonly images: readonly ImageEntry[];
  /** What the list calls images that were not found. */
  readonly missing: readonly string[];
  /** Why such an image was not found, where that is known. */
  whyMissing?(listed: string): string | undefined;
  /** What lies beside the images and cannot be used. */
  readonly leftOut?: readonly LeftOut[];
}

/** Where images and splits are. */
export interface SplitPlaces {
  /** `data.data_root_dir`. */
  readonly root: string;
  /** Folder of all images. */
  readonly images: string;
  /** Looks at folders. */
  readonly files: ImageFiles;
  /** Path below `root` of an image that a list names in another way. */
  readonly pathOf?: (listed: string) => string | undefined;
}

/** Says which images the splits have. */
export interface SplitSource {
  /** Where splits are looked for: a folder or a file. */
  readonly place: string;
  /** Names of the splits that there are. */
  readonly names: readonly string[];
  /** The split of a name; `undefined` if there is none. */
  find(name: string): SplitEntries | undefined;
  /** Number of folds that it has a split for, where it is for a cross-validation. */
  readonly folds?: number;
}

/** Finds each split once. */
function remembered(find: SplitSource["find"]): SplitSource["find"] {
  const found = new Map<string, SplitEntries | undefined>();
  return (name) => {
    if (!found.has(name)) found.set(name, find(name));
    return found.get(name);
  };
}

/**
 * Splits that are folders in the folder of all images.
 * @param places Where that is.
 * @throws {DataError} if the folder does not exist.
 */
export function splitsAsFolders({ images: folder, files }: SplitPlaces): SplitSource {
  const names = files.foldersIn(folder);
  if (!names) {
    const state = files.whyUnusable(folder) ?? "the folder does not exist";
    throw new DataError(`Cannot read "${folder}": ${state}`, { file: folder });
  }
  return {
    place: folder,
    names,
    find: remembered((name) => {
      const origin = join(folder, name);
      if (!files.foldersIn(origin)) {
        const state = files.whyUnusable(origin);
        if (state === undefined) return undefined;
        throw new DataError(`Cannot read "${origin}": ${state}`, { file: origin });
      }
      const { images, leftOut } = files.below(origin);
      return {
        origin,
        images: images.map((file) => entryOf(file, [folder])),
        missing: [],
        leftOut,
      };
    }),
  };
}

/** How a list of splits is read. */
export interface ListOptions extends SplitPlaces {
  /** Gives `data.fold`, for files with several folds. */
  readonly foldOf: () => number | undefined;
  /** `training.cv_folds`, in a cross-validation. */
  readonly folds?: number;
  /** Names that splits may have. */
  readonly splitNames: readonly string[];
  /** How the file is read. */
  readonly text: TextOptions;
}

/**
 * Splits that a JSON file lists: `{"train": […], …}`, or several of these as folds.
 * @param path The file.
 * @param options Where images are, and which fold is wanted.
 * @throws {DataError} if the file cannot be read, or holds something else.
 */
export function splitsFromFile(path: string, options: ListOptions): SplitSource {
  const content = readJsonFile(path, options.text);
  const { lists, folds } = chooseFold(path, content, options);
  return {
    place: path,
    folds: options.folds === undefined ? undefined : folds,
    names: Object.keys(lists),
    find: remembered((name) =>
      Object.hasOwn(lists, name)
        ? findListed({ path, name, list: lists[name] }, options)
        : undefined
    ),
  };
}

type Lists = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Lists {
  return typeof value === "object" && value !== null;
}

/** The lists of a file, and how many folds it has where it has any. */
interface ChosenFold {
  readonly lists: Lists;
  readonly folds?: number;
}

function chooseFold(
  path: string,
  content: unknown,
  { foldOf, folds: wanted = 0, splitNames }: ListOptions,
): ChosenFold {
  const fail = (state: string) => new DataError(`Cannot use "${path}": ${state}`, { file: path });
  if (!isObject(content)) throw fail("it is not an object with lists of images");
  const keys = Object.keys(content);
  const folded = keys.length > 0 && !keys.some((key) => splitNames.includes(key)) &&
    keys.every((key) => /^\d+$/.test(key));
  if (!folded) return { lists: content };
  const { length: folds } = keys;
  if (wanted > folds) {
    throw fail(`it holds the folds ${keys.join(", ")}, training.cv_folds is ${wanted}`);
  }
  const fold = foldOf();
  if (fold === undefined) {
    throw fail(
      `it holds the folds ${keys.join(", ")}, choose one with data.fold, or train on all with ` +
        `training.cv_folds ${folds}`,
    );
  }
  const chosen = content[fold];
  if (isObject(chosen)) return { lists: chosen, folds };
  throw fail(`it has no fold ${fold}, its folds are ${keys.join(", ")}`);
}

/** A list of images, and where it stands. */
interface ListedSplit {
  readonly path: string;
  readonly name: string;
  readonly list: unknown;
}

function findListed({ path, name, list }: ListedSplit, places: SplitPlaces): SplitEntries {
  const fail = (state: string) => new DataError(`Cannot use "${path}": ${state}`, { file: path });
  if (!Array.isArray(list)) throw fail(`split "${name}" is not a list of images`);
  const { root, images: folder, files } = places;
  const images: ImageEntry[] = [];
  const missing: string[] = [];
  const seen = new Set<string>();
  for (const [index, entry] of list.entries()) {
    const listed = Number.isSafeInteger(entry) ? String(entry) : entry;
    if (typeof listed !== "string") {
      throw fail(`entry ${index} of split "${name}" is not the path of an image`);
    }
    const spellings = [...new Set([listed, comparablePath(listed)])];
    const found = spellings.flatMap((path) => candidatesOf(path, name, places))
      .map((candidate) => files.named(candidate)).find((paths) => paths.length > 0) ?? [];
    if (found.length > 1) {
      throw fail(`${shown(listed)} of split "${name}" may be ${quoted(found)}`);
    }
    if (found.length === 0) {
      missing.push(listed);
      continue;
    }
    const image = entryOf(found[0], [folder, root]);
    if (seen.has(image.file)) throw fail(`split "${name}" holds ${shown(listed)} twice`);
    seen.add(image.file);
    images.push({ ...image, listed });
  }
  return {
    origin: path,
    images,
    missing,
    whyMissing: (listed) => whyMissing(listed, name, places),
  };
}

/** Why a listed image is not found although it is there. */
function whyMissing(listed: string, split: string, places: SplitPlaces): string | undefined {
  const { root, images, files, pathOf } = places;
  const path = pathOf?.(listed);
  if (path !== undefined) return `which is "${join(root, path)}"`;
  return [root, images, join(images, split)].map((folder) =>
    files.whyUnusable(resolve(folder, listed))
  )
    .find((why) => why !== undefined);
}

/** Where an image of a list may be. */
function candidatesOf(
  listed: string,
  split: string,
  { root, images, pathOf }: SplitPlaces,
): string[] {
  if (isAbsolute(listed)) return [listed];
  const path = pathOf?.(listed);
  if (path !== undefined) return [join(root, path)];
  return [join(root, listed), join(images, listed), join(images, split, listed)];
}

/** An image, named by its path below the first of the folders that it is in. */
function entryOf(path: string, folders: readonly string[]): ImageEntry {
  const file = resolve(path);
  const [id = file] = folders.flatMap((folder) => pathBelow(folder, file) ?? []);
  return { file, id };
}

/**
 * Path below a folder.
 * @param folder The folder.
 * @param file The file.
 * @returns The path, parts joined by `/`; `undefined` if the file is not below the folder.
 */
export function pathBelow(folder: string, file: string): string | undefined {
  const path = relative(resolve(folder), file);
  const outside = path.startsWith("..") || isAbsolute(path);
  return outside ? undefined : path.replaceAll(sep, "/");
}
