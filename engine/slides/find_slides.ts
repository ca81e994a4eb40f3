/**
 * Finds the feature files of slides below a folder.
 * @module
 */
import { type Dirent, readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { basename, extname, join, relative, resolve, sep } from "node:path";
import { DataError } from "../errors.ts";
import { errorCode, readError } from "../storage/file_reader.ts";

/** Ends of feature files' names, the preferred ones first. */
export const SLIDE_FILE_ENDS = [".h5", ".hdf5", ".pt", ".npy"] as const;

/**
 * A file that may hold the features of a slide.
 */
export interface SlideFile {
  /** Its path. */
  readonly path: string;
  /** Its path below the folder that was searched, with `/` between names. */
  readonly relative: string;
  /** Its name without the end of a feature file. */
  readonly stem: string;
}

/**
 * What lies below a folder.
 */
export interface FoundSlides {
  /** The folder. */
  readonly root: string;
  /** The files, sorted by their paths. */
  readonly files: readonly SlideFile[];
  /** Lines for the user: links that lead nowhere. */
  readonly notices: readonly string[];
}

/**
 * Tells whether a name is that of a feature file.
 * @param name The name.
 *
 * @example Names in a folder
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(["a.h5", "a.PT", "a.csv"].map(isSlideFile), [true, true, false]);
 * ```
 */
export function isSlideFile(name: string): boolean {
  return SLIDE_FILE_ENDS.some((end) => name.toLowerCase().endsWith(end));
}

/**
 * Searches a folder and all folders in it. Names that begin with a dot are left out; links are
 * followed, a folder that was searched already is not searched again.
 * @param root The folder.
 * @returns The feature files, sorted by their paths.
 * @throws {DataError} if it is missing, is not a folder, or cannot be read.
 *
 * @example A folder in a folder
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const root = await Deno.makeTempDir();
 * await Deno.mkdir(`${root}/patient`);
 * await Deno.writeTextFile(`${root}/patient/slide.1.h5`, "");
 * const { files: [file] } = findSlides(root);
 * assertEquals([file.relative, file.stem], ["patient/slide.1.h5", "slide.1"]);
 * ```
 */
export function findSlides(root: string): FoundSlides {
  const files: SlideFile[] = [];
  const dangling: string[] = [];
  const seen = new Set<string>();
  const enter = (folder: string) => {
    const real = realPath(folder);
    if (seen.has(real)) return;
    seen.add(real);
    for (const entry of entriesOf(folder)) {
      const path = join(folder, entry.name);
      const kind = entry.isSymbolicLink() ? kindOfTarget(path) : entry;
      if (kind === undefined) {
        if (isSlideFile(entry.name)) dangling.push(path);
      } else if (kind.isDirectory()) enter(path);
      else if (kind.isFile() && isSlideFile(entry.name)) files.push(slideFile(root, path));
    }
  };
  enter(root);
  files.sort((a, b) => a.relative < b.relative ? -1 : 1);
  const notices = dangling.length === 0 ? [] : [
    `${dangling.length} of the links in "${root}" lead to nothing and are left out, the first is ` +
    `"${dangling[0]}"`,
  ];
  return { root, files, notices };
}

function slideFile(root: string, path: string): SlideFile {
  const name = basename(path);
  return {
    path,
    relative: relative(resolve(root), resolve(path)).replaceAll(sep, "/"),
    stem: name.slice(0, -extname(name).length),
  };
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith("."))
      .sort((a, b) => a.name < b.name ? -1 : 1);
  } catch (error) {
    if (errorCode(error) === "ENOTDIR" || isFile(folder)) {
      throw new DataError(`Cannot search "${folder}": it is not a folder`, { file: folder });
    }
    throw readError(error, folder);
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function kindOfTarget(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function realPath(folder: string): string {
  try {
    return realpathSync.native(folder);
  } catch {
    return resolve(folder);
  }
}
