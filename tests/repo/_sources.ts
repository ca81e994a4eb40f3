/** Reads the project's files for the tests of its layout. */
import { join, relative } from "node:path";

/** Top of the project. */
export const ROOT: string = new URL("../../", import.meta.url).pathname;

/** Folders that are made by tools or by runs. */
const GENERATED = new Set([".git", "node_modules", "experiments", "coverage"]);

/** Paths of all files below a folder that end in one of the endings, sorted. */
export function listFiles(folder: string, ...endings: readonly string[]): string[] {
  const found: string[] = [];
  const visit = (path: string): void => {
    for (const { name, isDirectory, isFile } of Deno.readDirSync(path)) {
      if (isDirectory && !GENERATED.has(name)) visit(join(path, name));
      else if (isFile && endings.some((ending) => name.endsWith(ending))) {
        found.push(relative(ROOT, join(path, name)));
      }
    }
  };
  visit(join(ROOT, folder));
  return found.sort();
}

/** Modules that make up the library, its commands and its pages. */
export function listSources(): string[] {
  return ["browser", "cli", "engine", "jobs", "plugins", "registry"].flatMap((folder) =>
    listFiles(folder, ".ts")
  )
    .concat("mod.ts");
}

/** Text of a file. */
export function read(path: string): string {
  return Deno.readTextFileSync(join(ROOT, path));
}

/** What the tests read of `deno.json`. */
export interface Manifest {
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly imports: Readonly<Record<string, string>>;
  readonly permissions: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly tasks: Readonly<Record<string, { readonly command: string }>>;
  readonly publish: { readonly include: readonly string[] };
}

/** `deno.json`. */
export function readManifest(): Manifest {
  return JSON.parse(read("deno.json"));
}

/** Entries of the package, each with its module: all but the plugins, which are one entry each. */
export function listEntries(): ReadonlyMap<string, string> {
  const entries = Object.entries(readManifest().exports);
  return new Map(entries.filter(([name]) => name.split("/").length <= 2));
}

/** A module without its comments, roughly: strings that look like comments go too. */
export function code(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/.*$/gm, "$1");
}

/** Paths of the project's modules that a module imports, in whatever way. */
export function importsOf(path: string): string[] {
  const specifiers = code(read(path)).matchAll(
    /(?:\bfrom\s*|\bimport\s*\(?\s*|\bnew URL\(\s*)["'](\.[^"']+)["']/g,
  );
  return [...specifiers].map(([, specifier]) => join(path, "..", specifier));
}

/** Built-in plugins as files: slot, key and path. */
export function listPlugins(): { slot: string; key: string; path: string }[] {
  return listFiles("plugins", ".ts").flatMap((path) => {
    const [, slot, file] = path.split("/");
    if (file === undefined || file.startsWith("_")) return [];
    return [{ slot, key: file.replace(/\.ts$/, ""), path }];
  });
}
