/**
 * Finds the files that the ids of a table speak of. Ids are texts: leading zeros stay.
 * @module
 */
import { isAbsolute, relative, resolve, sep } from "node:path";
import { SLIDE_FILE_ENDS, type SlideFile } from "./find_slides.ts";

/** Ends of whole-slide images, which ids may carry. */
const IMAGE_ENDS = [".svs", ".tif", ".tiff", ".ndpi", ".mrxs", ".scn", ".bif", ".vsi"];

/** The files of a folder by what an id may call them. */
export class SlideIndex {
  readonly #root: string;
  readonly #stems = new Map<string, SlideFile[]>();
  readonly #bare = new Map<string, SlideFile[]>();
  readonly #paths = new Map<string, SlideFile[]>();
  readonly #names = new Map<string, SlideFile[]>();

  /**
   * @param root The folder that was searched.
   * @param files The files found there.
   *
   * @example By stem, by stem without the end of an image, by path
   * ```ts
   * import { assertEquals } from "@std/assert";
   *
   * const file = { path: "root/00001/00001_1.h5", relative: "00001/00001_1.h5", stem: "00001_1" };
   * const index = new SlideIndex("root", [file]);
   * const ids = ["00001_1", "00001_1.svs", "00001/00001_1.h5", "1_1"];
   * assertEquals(ids.map((id) => index.find(id).length), [1, 1, 1, 0]);
   * ```
   */
  constructor(root: string, files: readonly SlideFile[]) {
    this.#root = root;
    for (const file of files) {
      const path = composed(file.relative);
      add(this.#stems, composed(file.stem), file);
      add(this.#bare, bareId(file.stem), file);
      add(this.#paths, path, file);
      add(this.#paths, withoutEnd(path), file);
      add(this.#names, withoutEnd(lastName(path)), file);
    }
  }

  /**
   * Finds the files of an id: those whose stem it is; else those whose stem it is without the end of
   * an image such as `.svs`; else the file at that path, or at that path below a folder in between.
   * @param id The id, as it stands in a table.
   * @returns The files, none or several of which are the caller's to judge.
   */
  find(id: string): readonly SlideFile[] {
    const path = this.#pathOf(id);
    return this.#stems.get(composed(id)) ?? this.#bare.get(bareId(id)) ?? this.#paths.get(path) ??
      this.#paths.get(withoutEnd(path)) ?? this.#below(path);
  }

  /** Files whose paths end with a path that has a folder. */
  #below(path: string): readonly SlideFile[] {
    if (!path.includes("/")) return [];
    const end = `/${withoutEnd(path)}`;
    const files = this.#names.get(withoutEnd(lastName(path))) ?? [];
    return files.filter(({ relative }) => withoutEnd(composed(relative)).endsWith(end));
  }

  #pathOf(id: string): string {
    const path = composed(id).replaceAll("\\", "/").replace(/^(\.\/)+/, "");
    if (!isAbsolute(id)) return path;
    return composed(relative(resolve(this.#root), resolve(id)).replaceAll(sep, "/"));
  }
}

function add(map: Map<string, SlideFile[]>, key: string, file: SlideFile): void {
  const files = map.get(key);
  if (files === undefined) map.set(key, [file]);
  else if (!files.includes(file)) files.push(file);
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Letters with accents are the same composed and decomposed. */
function composed(text: string): string {
  return text.normalize("NFC");
}

/**
 * The form in which ids are compared that may carry the end of an image or of a feature file.
 * @param id An id, or the stem of a file.
 *
 * @example An id that is the name of a file
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(["a.svs", "a.h5", "TCGA.18E"].map(bareId), ["a", "a", "TCGA.18E"]);
 * ```
 */
export function bareId(id: string): string {
  return withoutEnd(composed(id));
}

function withoutEnd(name: string): string {
  let rest = name;
  for (const ends of [SLIDE_FILE_ENDS, IMAGE_ENDS]) {
    const end = ends.find((end) => rest.toLowerCase().endsWith(end));
    if (end !== undefined) rest = rest.slice(0, -end.length);
  }
  return rest;
}
