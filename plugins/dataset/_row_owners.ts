/** Which rows of a table speak of which images: each row of one at most. */
import { basename, extname, join, resolve } from "node:path";
import { type ImageEntry, pathBelow } from "./_image_splits.ts";
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

/** Ranks of names without the end, and of bare names. */
const [SHORT, BARE] = [100, 200];

/**
 * Finds the rows of images. A row that names several images equally exactly, such as `1.png` where
 * two folders have one, speaks of none.
 */
export class RowOwners {
  readonly #rows: ReadonlySet<string>;
  readonly #folders: readonly string[];
  readonly #real: readonly (readonly [string, string])[];
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
    this.#folders = folders;
    this.#real = folders.map((folder) => [folder, realPath(folder)] as const)
      .filter(([folder, real]) => resolve(folder) !== real);
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
    const below = (folder: string) => pathBelow(folder, file) ?? [];
    const absolute = [
      file,
      ...this.#real.flatMap(([folder, real]) => {
        const path = pathBelow(folder, file);
        return path === undefined ? [] : [join(real, path)];
      }),
    ];
    const exact: readonly (string | readonly string[])[] = [
      absolute,
      listed ?? [],
      ...this.#folders.map(below),
      ...this.#folders.map((folder) => below(join(folder, split))),
    ];
    const names = exact.flatMap((paths, rank) => [paths].flat().map((path) => ({ path, rank })));
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

/** Where a folder really is, links followed. */
function realPath(folder: string): string {
  try {
    return Deno.realPathSync(folder);
  } catch {
    return folder;
  }
}
