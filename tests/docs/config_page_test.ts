import "../../plugins/mod.ts";
import { assert, assertEquals } from "@std/assert";
import * as v from "valibot";
import { renderPage } from "../../docs/_generate.ts";
import { Registry, registry } from "../../registry/registry.ts";
import { SLOT_NAMES, SLOTS } from "../../registry/slots.ts";
import { plain } from "../registry/testing/_broken.ts";

const page = await Deno.readTextFile(new URL("../../docs/config.md", import.meta.url));

Deno.test("docs/config.md is what the schemas say", () => {
  // Where it is not: `deno task docs` writes it.
  assert(page === renderPage(registry), "docs/config.md is not current: run deno task docs");
});

Deno.test("docs/config.md is formatted, and describes every plugin and every field", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--check", "docs/config.md"],
    cwd: new URL("../../", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  for (const slot of SLOT_NAMES) {
    const missing = registry.list(slot).filter((key) => !page.includes(`\`${key}\``));
    assertEquals(missing, [], slot);
    assert(page.includes(SLOTS[slot].description), slot);
  }
  const empty = page.split("\n").filter((line) => /^\| `[^|]*\|\s*\|/.test(line));
  assertEquals(empty, []);
});

Deno.test("renderPage() tells paths, types, choices, defaults and meanings of options", () => {
  const own = new Registry();
  own.add({
    ...plain("head_type", () => {
      throw new Error("nothing is created");
    }),
    key: "two_layers",
    description: "two linear layers",
    config: v.strictObject({
      width: v.pipe(v.number(), v.integer(), v.minValue(1), v.description("width of the layer")),
      kind: v.optional(v.pipe(v.picklist(["a", "b|c"]), v.description("what it is")), "a"),
      inside: v.optional(
        v.strictObject({
          list: v.optional(v.pipe(v.nullable(v.array(v.number())), v.description("numbers")), null),
        }),
        { list: null },
      ),
    }),
  });
  const lines = renderPage(own).replaceAll(/ +/g, " ").split("\n");
  const start = lines.indexOf("#### head_type `two_layers`");
  assertEquals(lines.slice(start + 2, start + 9).filter((line) => !line.startsWith("| -")), [
    "Two linear layers. As one token: `model.head:two-layers-head-config`.",
    "",
    "| field | takes | default | meaning |",
    "| `model.head.width` | a whole number of at least 1 | required | Width of the layer. |",
    '| `model.head.kind` | one of "a", "b\\|c" | `a` | What it is. |',
    "| `model.head.inside.list` | a list, each a number, or `none` | none | numbers. |",
  ]);
});

Deno.test("deno task docs --check fails where the page is not current", async () => {
  const folder = await Deno.makeTempDir();
  const run = async (...args: string[]) => {
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--allow-read", `--allow-write=${folder}`, ...args],
      stderr: "null",
      stdout: "null",
    }).output();
    return code;
  };
  const root = new URL("../../", import.meta.url).pathname;
  for (const { name } of Deno.readDirSync(root)) {
    if (name !== "docs") await Deno.symlink(`${root}${name}`, `${folder}/${name}`);
  }
  await Deno.mkdir(`${folder}/docs`);
  const script = `${folder}/docs/_generate.ts`;
  await Deno.copyFile(`${root}docs/_generate.ts`, script);
  assertEquals(await run(script, "--check"), 1);
  assertEquals(await run(script), 0);
  assertEquals(await run(script, "--check"), 0);
  assertEquals(await Deno.readTextFile(`${folder}/docs/config.md`), renderPage(registry));
  await Deno.remove(folder, { recursive: true });
});

Deno.test("renderPage() shows the options of several plugins once, and their other defaults", () => {
  const own = new Registry();
  for (const [key, width] of [["one", 1], ["same", 1], ["wide", 9]] as const) {
    const schema = v.optional(v.pipe(v.number(), v.description("width of the layer")), width);
    own.add({
      ...plain("head_type", () => {
        throw new Error("nothing is created");
      }),
      key,
      config: v.strictObject({ width: schema }),
    });
  }
  const page = renderPage(own).replaceAll(/ +/g, " ");
  assertEquals(page.match(/Width of the layer/g)?.length, 1);
  assert(page.includes("Its fields are those of `one`.\n"));
  assert(
    page.includes("Its fields are those of `one`, with other defaults:\n\n| field | default |"),
  );
  assert(page.includes("| `model.head.width` | `9` |"));
});
