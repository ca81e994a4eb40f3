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

  /** Files that an entry of a list may mean: itself, or images whose name it is without its end. */
  named(path: string): string[] {
    const folder = dirname(path);
    const entries = this.#entries(folder);
    if (entries?.files.has(basename(path))) return [path];
    const names = entries?.byStem.get(basename(path)) ?? [];
    return names.map((name) => join(folder, name)).sort();
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

/** What a symbolic link leads to. */
function target(path: string): { readonly isFile: boolean; readonly isDirectory: boolean } {
  try {
    return Deno.statSync(path);
  } catch {
    return { isFile: false, isDirectory: false };
  }
}
