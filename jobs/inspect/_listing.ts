/** What lies below a folder, by the ends of names. */
import { type Dirent, readdirSync, realpathSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import type { SlideFile } from "../../engine/slides/find_slides.ts";

/** Ends of the names of files that may hold weights, besides those of feature files. */
const WEIGHTS = [".safetensors", ".pth", ".ckpt", ".tar"];
/** Ends of the names of tables. */
const TABLES = [".csv", ".tsv", ".xlsx"];

/** What lies below a folder. */
export interface Listing {
  /** How many files there are, by the end of their names. */
  readonly files: Readonly<Record<string, number>>;
  /** Files that may hold weights. */
  readonly weights: readonly string[];
  /** Tables, as paths below the folder. */
  readonly tables: readonly string[];
}

/** Lists a folder; what cannot be entered is left out. */
export function listFolder(root: string): Listing {
  const counts = new Map<string, number>();
  const [weights, tables]: [string[], string[]] = [[], []];
  const seen = new Set<string>();
  const enter = (folder: string, below: string) => {
    for (const { name, isDirectory, isFile } of entriesOf(folder, seen)) {
      const path = join(folder, name);
      if (isDirectory) enter(path, `${below}${name}/`);
      if (!isFile) continue;
      const end = extname(name).toLowerCase();
      counts.set(end, (counts.get(end) ?? 0) + 1);
      if (WEIGHTS.includes(end)) weights.push(path);
      if (TABLES.includes(end)) tables.push(`${below}${name}`);
    }
  };
  enter(root, "");
  const files = Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
  return { files, weights, tables };
}

interface Entry {
  readonly name: string;
  readonly isDirectory: boolean;
  readonly isFile: boolean;
}

/** What a folder holds, links followed; nothing where it was entered before. */
function entriesOf(folder: string, seen: Set<string>): Entry[] {
  try {
    const real = realpathSync.native(folder);
    if (seen.has(real)) return [];
    seen.add(real);
    return readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith("."))
      .sort((a, b) => a.name < b.name ? -1 : 1)
      .flatMap((entry) =>
        entry.isSymbolicLink() ? targetOf(folder, entry.name) : [entryOf(entry.name, entry)]
      );
  } catch {
    return [];
  }
}

function entryOf(name: string, kind: Pick<Dirent, "isDirectory" | "isFile">): Entry {
  return { name, isDirectory: kind.isDirectory(), isFile: kind.isFile() };
}

function targetOf(folder: string, name: string): Entry[] {
  try {
    return [entryOf(name, statSync(join(folder, name)))];
  } catch {
    return [];
  }
}

/** Feature files by the end of their names. */
export function endsOf(files: readonly SlideFile[]): Record<string, number> {
  const groups = Map.groupBy(files, ({ path }) => extname(path).toLowerCase());
  return Object.fromEntries([...groups].map(([end, { length }]) => [end, length]));
}
