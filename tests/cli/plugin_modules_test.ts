import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { loadPlugins, nameModule } from "../../cli/plugin_modules.ts";
import { PluginError } from "../../registry/errors.ts";
import { fakeRegistry } from "../registry/_fakes.ts";
import { inFolder } from "../_training.ts";

const here = new URL(".", import.meta.url).pathname;

/** A module that exports a head. */
function head(key: string, config = "v.strictObject({})"): string {
  return `import * as v from "valibot";
    export const head = {
      slot: "head_type", key: "${key}", description: "a head", config: ${config}, create() {},
    };`;
}

Deno.test("loadPlugins() says which module brought which plugin", async () => {
  await inFolder(async (folder) => {
    const registry = fakeRegistry();
    const own = join(folder, "own.ts");
    await Deno.writeTextFile(own, head("own"));
    const modules = await loadPlugins([`${here}_mean_pooling.ts`, own], registry);
    assertEquals([...modules].map(([{ key }, specifier]) => [key, specifier]), [
      ["mean_pooling", `${here}_mean_pooling.ts`],
      ["own", own],
    ]);
    assert(registry.has("head_type", "own"));
    assertEquals((await loadPlugins([own], registry)).size, 0);
  });
});

Deno.test("loadPlugins() names the module that holds a key, or glovita", async () => {
  await inFolder(async (folder) => {
    const [first, second, third] = ["a.ts", "b.ts", "c.ts"].map((name) => join(folder, name));
    await Deno.writeTextFile(first, head("own"));
    await Deno.writeTextFile(second, head("own"));
    await Deno.writeTextFile(third, head("clam"));
    const error = await assertRejects(
      () => loadPlugins([first, second], fakeRegistry()),
      PluginError,
    );
    assertEquals(error.specifier, second);
    assertEquals(
      error.message,
      `Cannot load plugin "${second}": Cannot add head_type "own": ` +
        `the plugin of "${first}" holds this key`,
    );
    await assertRejects(
      () => loadPlugins([third], fakeRegistry()),
      PluginError,
      'Cannot add head_type "clam": a plugin of glovita holds this key',
    );
  });
});

Deno.test("nameModule() names the module of a plugin whose schema throws", async () => {
  await inFolder(async (folder) => {
    const registry = fakeRegistry();
    const file = join(folder, "own.ts");
    await Deno.writeTextFile(file, head("own"));
    const modules = await loadPlugins([file], registry);
    const about = { slot: "head_type", key: "own" };
    const named = nameModule(new PluginError("Cannot check it", about), registry, modules);
    assert(named instanceof PluginError);
    assertEquals(named.message, `Cannot use plugin "${file}": Cannot check it`);
    assertEquals([named.specifier, named.slot, named.key], [file, "head_type", "own"]);
    const builtIn = new PluginError("Cannot check it", { slot: "head_type", key: "clam" });
    for (const error of [builtIn, new PluginError("x"), new RangeError("y"), named]) {
      assert(nameModule(error, registry, modules) === error);
    }
  });
});
