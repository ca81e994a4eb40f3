/** Which rows of a table speak of which images: each row of one at most. */
import { realpathSync } from "node:fs";
import { basename, extname, resolve, sep } from "node:path";
import type { ImageEntry } from "./_image_splits.ts";
import { comparablePath } from "./_paths.ts";

/** An image, and the split that it is in. */
export interface SplitImage {
  /** The image. */
  readonly image: ImageEntry;
  /** Name of the split. */
  readonly split: string;
}

/** Who a row may speak of: the images that it names most exactly. */
interface Claim {
  readonly rank: number;
  /** Ids of the images by their files. */
  readonly images: Map<string, string>;
}

/** What an image may be called: the lower the rank, the more exact. */
interface Name {
  readonly path: string;
  readonly rank: number;
}

/** Ranks of paths below a folder, and below the folder of a split in it. */
const [BELOW, BELOW_SPLIT] = [10, 20];
/** Rank of a bare name, and how much less exact a name without its end is. */
const [BARE, SHORT] = [200, 100];

/**
 * Finds the rows of images. A row that names several images equally exactly, such as `1.png` where
 * two folders have one, speaks of none.
 */
export class RowOwners {
  readonly #rows: ReadonlySet<string>;
  /** Folders with a separator at their end, and where they really are. */
  readonly #folders: readonly { readonly folder: string; readonly real: string }[];
  readonly #claims = new Map<string, Claim>();

  /**
   * @param rows Paths of the rows, in the form in which paths are compared.
   * @param images All images of the dataset.
   * @param folders Folders that paths may begin below, the first of them first.
   */
  constructor(
    rows: ReadonlySet<string>,
    images: Iterable<SplitImage>,
    folders: readonly string[],
  ) {
    this.#rows = rows;
    this.#folders = folders.map((folder) => ({
      folder: withEnd(resolve(folder)),
      real: withEnd(realPath(folder)),
    }));
    for (const image of images) this.#claim(image);
  }

  /**
   * Rows that speak of an image and of no other, the most exact first.
   * @param image The image.
   */
  rowsOf(image: SplitImage): string[] {
    const own = this.#namesOf(image).filter(({ path }) => {
      const images = this.#claims.get(path)?.images;
      return images?.size === 1 && images.has(image.image.file);
    });
    return [...new Set(own.map(({ path }) => path))];
  }

  /**
   * The row that might speak of an image, but not of it alone.
   * @param image The image.
   * @returns The row and the ids of the images that it names; `undefined` if there is none.
   */
  sharedRow(image: SplitImage): { readonly row: string; readonly ids: string[] } | undefined {
    const [name] = this.#namesOf(image);
    if (name === undefined) return undefined;
    return { row: name.path, ids: [...this.#claims.get(name.path)!.images.values()] };
  }

  /** Rows that speak of no image. */
  unused(): string[] {
    return [...this.#rows].filter((row) => this.#claims.get(row)?.images.size !== 1);
  }

  #claim(image: SplitImage): void {
    const { file, id } = image.image;
    for (const { path, rank } of this.#namesOf(image)) {
      const claim = this.#claims.get(path);
      if (claim === undefined || rank < claim.rank) {
        this.#claims.set(path, { rank, images: new Map([[file, id]]) });
      } else if (rank === claim.rank) claim.images.set(file, id);
    }
  }

  /** The names of an image that rows have, the most exact first. */
  #namesOf({ image: { file, listed }, split }: SplitImage): Name[] {
    const names: Name[] = [{ path: file, rank: 0 }];
    if (listed !== undefined) names.push({ path: listed, rank: 1 });
    for (const [i, { folder, real }] of this.#folders.entries()) {
      if (!file.startsWith(folder)) continue;
      const path = file.slice(folder.length);
      names.push({ path: real + path, rank: 0 }, { path, rank: BELOW + i });
      const ofSplit = withEnd(split);
      if (!path.startsWith(ofSplit)) continue;
      names.push({ path: path.slice(ofSplit.length), rank: BELOW_SPLIT + i });
    }
    names.push({ path: basename(file), rank: BARE });
    const end = extname(file);
    const short = names.filter(({ path }) => path.endsWith(end)).map(({ path, rank }) => ({
      path: path.slice(0, path.length - end.length),
      rank: rank + SHORT,
    }));
    return [...names, ...short].map(({ path, rank }) => ({ path: comparablePath(path), rank }))
      .filter(({ path }) => this.#rows.has(path)).sort((a, b) => a.rank - b.rank);
  }
}

function withEnd(folder: string): string {
  return folder.endsWith(sep) ? folder : folder + sep;
}

/** Where a folder really is, links followed. */
function realPath(folder: string): string {
  try {
    return realpathSync.native(folder);
  } catch {
    return folder;
  }
}
