/** Finds image files: all below a folder, or those that a list names. */
import { basename, dirname, extname, join } from "node:path";
import { readError } from "../../engine/storage/file_reader.ts";

/** What a folder holds; names that begin with a dot are left out. */
interface Entries {
  readonly files: ReadonlySet<string>;
  readonly folders: readonly string[];
  /** Images by their name without its end. */
  readonly byStem: ReadonlyMap<string, readonly string[]>;
}

/** Looks at folders, at each only once. */
export class ImageFiles {
  readonly #extensions: readonly string[];
  readonly #known = new Map<string, Entries | undefined>();
  readonly #alike = new Map<string, ReadonlyMap<string, readonly string[]>>();

  /** @param extensions Ends of image files' names, with the dot, in any case. */
  constructor(extensions: readonly string[]) {
    this.#extensions = extensions.map((extension) => extension.toLowerCase());
  }

  /** Names of the folders in a folder, sorted; `undefined` if it is no folder. */
  foldersIn(path: string): readonly string[] | undefined {
    return this.#entries(path)?.folders;
  }

  /** Paths of all images below a folder, sorted. */
  below(path: string): string[] {
    const found: string[] = [];
    const visit = (folder: string, above: readonly string[]) => {
      const real = Deno.realPathSync(folder);
      if (above.includes(real)) return; // a link to a folder above
      const { byStem, folders } = this.#entries(folder)!;
      for (const names of byStem.values()) found.push(...names.map((name) => join(folder, name)));
      for (const name of folders) visit(join(folder, name), [...above, real]);
    };
    visit(path, []);
    return found.sort();
  }

  /**
   * Files that an entry of a list may mean: itself, or images whose name it is without its end. A
   * letter with an accent is the same composed and decomposed, but as it is written comes first.
   */
  named(path: string): string[] {
    const folder = this.#onDisk(dirname(path));
    const entries = this.#entries(folder);
    const name = basename(path);
    if (entries?.files.has(name)) return [join(folder, name)];
    const names = entries?.byStem.get(name) ?? (entries && this.#alikeIn(folder, entries, name));
    return (names ?? []).map((name) => join(folder, name)).sort();
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
    { files, byStem }: Entries,
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
    const files = new Set<string>();
    const folders: string[] = [];
    const byStem = new Map<string, string[]>();
    try {
      for (const entry of Deno.readDirSync(folder)) {
        const { name } = entry;
        const { isFile, isDirectory } = entry.isSymlink ? target(join(folder, name)) : entry;
        if (name.startsWith(".")) continue;
        if (isDirectory) folders.push(name);
        if (!isFile) continue;
        files.add(name);
        const extension = extname(name);
        if (!this.#extensions.includes(extension.toLowerCase())) continue;
        const stem = basename(name, extension);
        byStem.set(stem, [...byStem.get(stem) ?? [], name]);
      }
    } catch (error) {
      const absent = error instanceof Deno.errors.NotFound ||
        error instanceof Deno.errors.NotADirectory;
      if (absent) return undefined;
      throw readError(error, folder);
    }
    return { files, folders: folders.sort(), byStem };
  }
}

/** The form in which names with accents are compared. */
function composed(name: string): string {
  return name.normalize("NFC");
}

/** What a symbolic link leads to. */
function target(path: string): { readonly isFile: boolean; readonly isDirectory: boolean } {
  try {
    return Deno.statSync(path);
  } catch {
    return { isFile: false, isDirectory: false };
  }
}
