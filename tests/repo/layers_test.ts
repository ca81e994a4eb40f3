import { assertEquals } from "@std/assert";
import { importsOf, listSources } from "./_sources.ts";

/** Lower layers first; a module imports from its own layer and from lower ones. */
const LAYERS = ["engine", "registry", "plugins", "mod.ts", "cli"];

const layerOf = (path: string) => LAYERS.indexOf(path.split("/")[0]);

Deno.test("no module imports from a layer above its own", () => {
  const upward = listSources().flatMap((path) =>
    importsOf(path)
      .filter((target) => layerOf(target) > layerOf(path))
      .map((target) => `${path} imports ${target}`)
  );
  assertEquals(upward, []);
});

Deno.test("no plugin imports another plugin", () => {
  const crossing = listSources().filter((path) => path.startsWith("plugins/"))
    .filter((path) => path !== "plugins/mod.ts")
    .flatMap((path) => {
      const [, slot] = path.split("/");
      return importsOf(path)
        .filter((target) => target.startsWith("plugins/"))
        .filter((target) => !target.startsWith(`plugins/${slot}/_`))
        .map((target) => `${path} imports ${target}`);
    });
  assertEquals(crossing, []);
});

Deno.test("private modules are imported from their own folder, and by the list of exports", () => {
  const folder = (path: string) => path.slice(0, path.lastIndexOf("/"));
  const leaks = listSources().filter((path) => path !== "mod.ts").flatMap((path) =>
    importsOf(path)
      .filter((target) => /\/_[^/]*$/.test(target) && folder(target) !== folder(path))
      .map((target) => `${path} imports ${target}`)
  );
  assertEquals(leaks, []);
});
