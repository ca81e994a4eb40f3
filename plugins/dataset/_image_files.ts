/** Finds image files: all below a folder, or those that a list names. */
import { type Dirent, readdirSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, extname, join, sep } from "node:path";
import { errorCode, readError } from "../../engine/storage/file_reader.ts";
import { holdsImage, isImageName, type LeftOut, whyLeftOut } from "./_left_out.ts";

/** What a folder holds; names that begin with a dot are left out. */
interface Entries {
  readonly files: readonly string[];
  /** Those of the files that are images. */
  readonly images: readonly string[];
  readonly folders: readonly string[];
  /** Those of the folders that are links. */
  readonly links: ReadonlySet<string>;
  /** What may be meant as an image, or as a folder of them, and is none. */
  readonly leftOut: readonly LeftOut[];
}

/** Files of a folder as lists name them. */
interface NamedFiles {
  readonly files: ReadonlySet<string>;
  /** Images by their name without its end. */
  readonly byStem: ReadonlyMap<string, readonly string[]>;
}

/** Looks at folders, at each only once. */
export class ImageFiles {
  readonly #extensions: readonly string[];
  readonly #known = new Map<string, Entries | undefined>();
  /** Only of folders that lists name files of: a folder may have millions. */
  readonly #named = new Map<string, NamedFiles>();
  readonly #alike = new Map<string, ReadonlyMap<string, readonly string[]>>();

  /** @param extensions Ends of image files' names, with the dot, in any case. */
  constructor(extensions: readonly string[]) {
    this.#extensions = extensions.map((extension) => extension.toLowerCase());
  }

  /** Names of the folders in a folder, sorted; `undefined` if it is not a folder. */
  foldersIn(path: string): readonly string[] | undefined {
    return this.#entries(path)?.folders;
  }

  /** All images below a folder, sorted, and what is left out there. */
  below(path: string): { readonly images: string[]; readonly leftOut: LeftOut[] } {
    const images: string[] = [];
    const leftOut: LeftOut[] = [];
    const walk = new Walk(path, (folder, at) => {
      const { images: names, folders, links, leftOut: here } = this.#entries(folder)!;
      const before = images.length;
      leftOut.push(...here);
      for (const name of names) images.push(join(folder, name));
      for (const name of folders) at.enter(join(folder, name), links.has(name));
      const isImage = folder !== path && isImageName(basename(folder), this.#extensions);
      if (isImage && images.length === before) leftOut.push({ path: folder, reason: "folder" });
    });
    leftOut.push(...walk.repeated);
    return { images: images.sort(), leftOut: leftOut.sort(byPath) };
  }

  /** Why something cannot be used that is there; it may be named without its end. */
  whyUnusable(path: string): string | undefined {
    const { leftOut = [] } = this.#entries(dirname(path)) ?? {};
    const found = leftOut.find((one) => one.path === path) ??
      leftOut.find((one) => basename(one.path, extname(one.path)) === basename(path));
    return found && `"${found.path}" cannot be used: ${whyLeftOut(found)}`;
  }

  /**
   * Files that an entry of a list may mean: itself, or images whose name it is without its end. A
   * letter with an accent is the same composed and decomposed, but as it is written comes first.
   */
  named(path: string): string[] {
    const folder = this.#onDisk(dirname(path));
    const named = this.#namedIn(folder);
    const name = basename(path);
    if (named?.files.has(name)) return [join(folder, name)];
    const names = named?.byStem.get(name) ?? (named && this.#alikeIn(folder, named, name));
    return (names ?? []).map((name) => join(folder, name)).sort();
  }

  #namedIn(folder: string): NamedFiles | undefined {
    const entries = this.#entries(folder);
    if (entries === undefined) return undefined;
    let named = this.#named.get(folder);
    if (named === undefined) {
      const byStem = new Map<string, string[]>();
      for (const name of entries.images) {
        const stem = basename(name, extname(name));
        const alike = byStem.get(stem);
        if (alike === undefined) byStem.set(stem, [name]);
        else alike.push(name);
      }
      this.#named.set(folder, named = { files: new Set(entries.files), byStem });
    }
    return named;
  }

  /** A folder as the disk spells it; as it is given where there is none. */
  #onDisk(folder: string): string {
    const above = dirname(folder);
    if (composed(folder) === folder.normalize("NFD") || above === folder) return folder;
    if (this.#entries(folder)) return folder;
    const parent = this.#onDisk(above);
    const names = this.#entries(parent)?.folders.filter((name) =>
      composed(name) === composed(basename(folder))
    );
    return names?.length === 1 ? join(parent, names[0]) : folder;
  }

  #alikeIn(
    folder: string,
    { files, byStem }: NamedFiles,
    name: string,
  ): readonly string[] | undefined {
    let alike = this.#alike.get(folder);
    if (alike === undefined) {
      const named = new Map<string, string[]>();
      const add = (name: string, file: string) => {
        named.set(composed(name), [...named.get(composed(name)) ?? [], file]);
      };
      for (const file of files) add(file, file);
      for (const [stem, names] of byStem) for (const file of names) add(stem, file);
      this.#alike.set(folder, alike = named);
    }
    return alike.get(composed(name));
  }

  #entries(folder: string): Entries | undefined {
    if (!this.#known.has(folder)) this.#known.set(folder, this.#read(folder));
    return this.#known.get(folder);
  }

  #read(folder: string): Entries | undefined {
    const files: string[] = [];
    const images: string[] = [];
    const folders: string[] = [];
    const links = new Set<string>();
    const leftOut: LeftOut[] = [];
    try {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const { name } = entry;
        if (name.startsWith(".")) continue;
        const path = join(folder, name);
        const kind = kindOf(path, entry);
        if (typeof kind === "object") {
          // Of a link to nothing nobody knows what it was.
          const meant = entry.isSymbolicLink() || entry.isDirectory() ||
            isImageName(name, this.#extensions);
          if (meant) leftOut.push({ path, ...kind });
        } else if (kind === "folder") {
          folders.push(name);
          if (entry.isSymbolicLink()) links.add(name);
        } else {
          files.push(name);
          if (this.#extensions.includes(extname(name).toLowerCase())) images.push(name);
          else if (isImageName(name, []) || holdsImage(path)) {
            leftOut.push({ path, reason: "ending" });
          }
        }
      }
    } catch (error) {
      const absent = ["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "");
      if (absent) return undefined;
      throw readError(error, folder);
    }
    return { files, images, folders: folders.sort(), links, leftOut };
  }
}

/** The form in which names with accents are compared. */
function composed(name: string): string {
  return name.normalize("NFC");
}

function byPath({ path: a }: LeftOut, { path: b }: LeftOut): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Visits folders, each only once: first all that lie below, then those that links lead to. */
class Walk {
  /** Links to folders that were visited already. */
  readonly repeated: LeftOut[] = [];
  readonly #root: string;
  readonly #visit: (folder: string, walk: Walk) => void;
  /** Folders that were visited, as the disk has them, and whether a link led there. */
  readonly #seen = new Map<string, boolean>();
  readonly #links: string[] = [];
  #byLink = false;

  constructor(root: string, visit: (folder: string, walk: Walk) => void) {
    this.#root = root;
    this.#visit = visit;
    this.enter(root, false);
    this.#byLink = true;
    for (let link = this.#links.shift(); link !== undefined; link = this.#links.shift()) {
      this.#follow(link);
    }
  }

  enter(folder: string, isLink: boolean): void {
    if (isLink) {
      this.#links.push(folder);
      return;
    }
    const real = realpathSync.native(folder);
    if (this.#seen.has(real)) return; // a link led here from above
    this.#seen.set(real, this.#byLink);
    this.#visit(folder, this);
  }

  #follow(link: string): void {
    const target = realpathSync.native(link);
    if (`${realpathSync.native(dirname(link))}${sep}`.startsWith(`${target}${sep}`)) return; // a circle
    const byLink = this.#seen.get(target);
    if (byLink === undefined) return this.enter(link, false);
    // A class would be empty, or images be in one of two.
    const matters = byLink || dirname(link) === this.#root;
    this.repeated.push({ path: link, reason: matters ? "repeated" : "inside", target });
  }
}

/** What an entry of a folder is, or why it is nothing that can be used. */
function kindOf(path: string, entry: Dirent): "file" | "folder" | Omit<LeftOut, "path"> {
  try {
    const found = entry.isSymbolicLink() || path.includes(UNKNOWN_LETTER) ? statSync(path) : entry;
    return found.isFile() ? "file" : found.isDirectory() ? "folder" : { reason: "special" };
  } catch (error) {
    const absent = errorCode(error) === "ENOENT";
    if (!entry.isSymbolicLink()) return { reason: absent ? "name" : "special" };
    return linkProblem(path, absent);
  }
}

/** Stands for bytes of a name that are not UTF-8. */
const UNKNOWN_LETTER = "\ufffd";

function linkProblem(path: string, absent: boolean): Omit<LeftOut, "path"> {
  try {
    const target = readlinkSync(path);
    return { reason: absent ? "dangling" : "unfollowed", target };
  } catch {
    return { reason: "name" };
  }
}
