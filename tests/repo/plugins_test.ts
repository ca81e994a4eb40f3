import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { registry } from "../../registry/registry.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { SLOT_NAMES } from "../../registry/slots.ts";
import { documented } from "./_documented.ts";
import { code, listEntries, listFiles, listPlugins, read, readManifest, ROOT } from "./_sources.ts";

const plugins = listPlugins();

Deno.test("plugins/mod.ts has one line for every plugin and nothing else", () => {
  const lines = code(read("plugins/mod.ts")).split("\n").filter((line) => line !== "");
  const wanted = plugins.map(({ slot, key }) => `export * from "./${slot}/${key}.ts";`);
  assertEquals([...lines].sort(), wanted.sort());
});

Deno.test("deno.json exports every plugin by its slot and its key", () => {
  const wanted = Object.fromEntries([
    ...listEntries(),
    ...plugins.map(({ slot, key, path }) => [`./${slot}/${key}`, `./${path}`]),
  ]);
  const { exports } = readManifest();
  const sorted = (table: Readonly<Record<string, string>>) => Object.entries(table).sort();
  assertEquals(sorted(exports), sorted(wanted));
});

Deno.test("a plugin's slot is its folder, its key is its file, and it adds itself", async () => {
  for (const { slot, key, path } of plugins) {
    const module: Record<string, unknown> = await import(`${ROOT}${path}`);
    const values = Object.values(module).filter(isPlugin);
    assertEquals(values.map((value) => [value.slot, value.key]), [[slot, key]], path);
    assertEquals(registry.get(values[0].slot, key), values[0], path);
  }
});

/** Parts that read files of one format, which strangers' plugins have other ways to do. */
const CLOSED = [
  "CifarFacts",
  "CIFAR_IMAGES",
  "cifarSchema",
  "errorCode",
  "FileReader",
  "openCifar",
  "PickleError",
  "PickleGlobal",
  "PickleHost",
  "readError",
  "readPickle",
];

/** What Deno and Node do each in its way: a stranger's plugin knows which of them it is for. */
const PLATFORM = "engine/platform/";

/** Names that a module imports, with the module that each is from. */
function namesFrom(path: string): { readonly name: string; readonly from: string }[] {
  const imports = code(read(path)).matchAll(
    /\{([^{}]*)\} (?:from|= await import\()\s*"(\.[^"]*)"/g,
  );
  return [...imports].flatMap(([, names, specifier]) =>
    names.split(",").map((name) => name.trim().replace(/^type /, "")).filter((name) => name !== "")
      .map((name) => ({ name, from: join(path, "..", specifier) }))
  );
}

/** Names that every entry of the package, but those of single plugins, exports. */
async function openNames(): Promise<ReadonlySet<string>> {
  const symbols = await documented(...listEntries().values());
  return new Set([...CLOSED, ...symbols.map(({ name }) => name)]);
}

Deno.test("what the built-in plugins are made of is there for the plugins of strangers", async () => {
  const open = await openNames();
  const closed = listFiles("plugins", ".ts").flatMap((path) =>
    namesFrom(path).filter(({ from }) => /^(engine|registry)\//.test(from))
      .filter(({ name, from }) => !from.startsWith(PLATFORM) && !open.has(name))
      .map(({ name }) => `${path}: ${name}`)
  );
  assertEquals(closed, []);
});

Deno.test("what two built-in plugins share is there for the plugins of strangers", async () => {
  const open = await openNames();
  const users = new Map<string, Set<string>>();
  for (const { path } of plugins) {
    for (const { name, from } of namesFrom(path)) {
      if (!/\/_[^/]*$/.test(from)) continue;
      users.set(name, (users.get(name) ?? new Set()).add(path));
    }
  }
  const shared = [...users].filter(([, paths]) => paths.size > 1).map(([name]) => name);
  assert(shared.includes("coupledDecay"), shared.join());
  assertEquals(shared.filter((name) => !open.has(name)), []);
});

Deno.test("every folder of plugins is a slot", () => {
  const folders = new Set(plugins.map(({ slot }) => slot));
  assertEquals([...folders].filter((slot) => !SLOT_NAMES.some((name) => name === slot)), []);
});

Deno.test("the builder names no plugin's key", () => {
  const keys = plugins.map(({ key }) => key).filter((key) => key !== "none");
  const named = listFiles("registry/builder", ".ts").flatMap((path) =>
    keys.filter((key) => code(read(path)).includes(`"${key}"`)).map((key) => `${path}: ${key}`)
  );
  assertEquals(named, []);
});

function isPlugin(value: unknown): value is Plugin {
  return typeof value === "object" && value !== null && "slot" in value && "create" in value;
}
