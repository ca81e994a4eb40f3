import { assertEquals } from "@std/assert";
import { dirname } from "node:path";
import { importsOf, listSources } from "./_sources.ts";

/** Top folders, lowest first: a module imports from its own folder and from lower levels. */
const TOP = [["engine"], ["registry"], ["plugins", "jobs"], ["mod.ts"], ["cli", "browser"]];

/** Lists of exports that lie in the folder of plugins. */
const LISTS = new Set(["plugins/mod.ts", "plugins/parts.ts"]);

/** Folders of the engine, lowest first. Within a level, no two folders import each other. */
const ENGINE = [
  ["ir", "platform"],
  ["autodiff", "onnx", "nn", "storage", "hub"],
  ["runtime", "data"],
  ["train", "foreign", "extract", "images", "features", "slides", "metrics"],
  ["mod.ts"],
];

const imports: ReadonlyMap<string, readonly string[]> = new Map(
  listSources().map((path) => [path, importsOf(path)]),
);

/** Position of a name in a list of levels; -1 where it has none. */
function levelOf(levels: readonly (readonly string[])[], name: string): number {
  return levels.findIndex((names) => names.includes(name));
}

/** Imports as lines, those that a test is about. */
function importsWhere(wanted: (from: string, to: string) => boolean): string[] {
  return [...imports].flatMap(([from, targets]) =>
    targets.filter((to) => wanted(from, to)).map((to) => `${from} imports ${to}`)
  );
}

const topOf = (path: string) => path.split("/")[0];
const engineFolder = (path: string) => path.split("/")[1];
const inFolders = (path: string) => path.startsWith("engine/") && path.split("/").length > 2;

/** Circles of a graph: each is a list of its members. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (name: string, path: readonly string[]): void => {
    const start = path.indexOf(name);
    if (start >= 0) {
      found.push([...path.slice(start), name].join(" -> "));
      return;
    }
    if (done.has(name)) return;
    for (const next of graph.get(name) ?? []) visit(next, [...path, name]);
    done.add(name);
  };
  for (const name of graph.keys()) visit(name, []);
  return found;
}

Deno.test("every top folder has its level", () => {
  const tops = [...new Set([...imports.keys()].map(topOf))];
  assertEquals(tops.filter((top) => levelOf(TOP, top) < 0), []);
});

Deno.test("top folders import from lower levels only", () => {
  const upward = importsWhere((from, to) =>
    topOf(from) !== topOf(to) && levelOf(TOP, topOf(to)) >= levelOf(TOP, topOf(from))
  );
  assertEquals(upward, []);
});

Deno.test("every folder of the engine has its level", () => {
  const folders = [...imports.keys()].filter(inFolders).map(engineFolder);
  assertEquals([...new Set(folders)].filter((folder) => levelOf(ENGINE, folder) < 0), []);
});

Deno.test("folders of the engine import from their own level and from lower ones", () => {
  const upward = importsWhere((from, to) =>
    inFolders(from) && to.startsWith("engine/") && (
      inFolders(to) || engineFolder(to) === "mod.ts"
    ) && levelOf(ENGINE, engineFolder(to)) > levelOf(ENGINE, engineFolder(from))
  );
  assertEquals(upward, []);
});

Deno.test("no folders of the engine import each other in a circle", () => {
  const graph = new Map<string, string[]>();
  for (const [from, targets] of imports) {
    if (!inFolders(from)) continue;
    const others = targets.filter((to) => inFolders(to) && engineFolder(to) !== engineFolder(from));
    graph.set(engineFolder(from), [
      ...graph.get(engineFolder(from)) ?? [],
      ...others.map(engineFolder),
    ]);
  }
  assertEquals(circles(graph), []);
});

Deno.test("no files import each other in a circle", () => {
  assertEquals(circles(imports), []);
});

Deno.test("no plugin imports another plugin", () => {
  const crossing = importsWhere((from, to) => {
    const [, slot] = from.split("/");
    return from.startsWith("plugins/") && !LISTS.has(from) &&
      to.startsWith("plugins/") && !to.startsWith(`plugins/${slot}/_`);
  });
  assertEquals(crossing, []);
});

Deno.test("private modules are imported from their own folder, and by the list of exports", () => {
  const leaks = importsWhere((from, to) =>
    from !== "plugins/parts.ts" && /\/_[^/]*$/.test(to) && dirname(to) !== dirname(from)
  );
  assertEquals(leaks, []);
});
