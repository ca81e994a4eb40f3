/** What the user of a plugin that cannot be used sees: one line that names it, and exit code 2. */
import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { inFolder, runFlags, words } from "../_training.ts";
import { runProcess } from "./_process.ts";

const HEAD = (key: string, config: string) => `
import * as v from "valibot";
export const head = {
  slot: "head_type", key: "${key}", description: "a head", config: ${config}, create() {},
};`;
const THROWS = 'v.check(() => { throw new TypeError("oops"); })';

interface Case {
  readonly name: string;
  /** What is given as `--plugin`. @default {"./plugin.ts"} */
  readonly plugin?: string;
  /** Text of that file; there is none where it is left out. */
  readonly text?: string;
  /** The line, after the name of the plugin. */
  readonly line: RegExp;
}

const CASES: readonly Case[] = [
  { name: "a missing file", line: /^file does not exist$/ },
  { name: "a missing package", plugin: "no-such-package", line: /^Import "no-such-package" not/ },
  {
    name: "a syntax error",
    text: "export const = 1;",
    line: /^SyntaxError: Unexpected token .*, at file:\S+plugin.ts:1:14$/,
  },
  {
    name: "a module that throws",
    text: 'throw new Error("no licence\\nfor this machine");',
    line: /^no licence$/,
  },
  {
    name: "a module that imports what is not there",
    text: 'import "./layers.ts";',
    line: /^Module not found "file:\S+layers.ts", at file:\S+plugin.ts:1:8$/,
  },
  {
    name: "a module without plugins",
    text: "export const head = 3;",
    line: /^it neither exports nor registers a plugin$/,
  },
  {
    name: "a file that is not a module",
    plugin: "./plugin.json",
    text: "{}",
    line: /^Attempted to load JSON module/,
  },
  {
    name: "a value that is not a plugin",
    text: 'export const x = { slot: "heads", key: "x", config: {}, create() {} };',
    line: /^Cannot add plugin "x": slot "heads" does not exist$/,
  },
  {
    name: "a plugin without an object of options",
    text: HEAD("own", "v.string()"),
    line: /^Cannot add head_type "own": its "config" is not a valibot object schema$/,
  },
  {
    name: "a key that a built-in plugin holds",
    text: HEAD("clam", "v.strictObject({})"),
    line: /^Cannot add head_type "clam": a plugin of glovita holds this key$/,
  },
  {
    name: "a schema that always throws",
    text: HEAD("own", `v.strictObject({ size: v.optional(v.pipe(v.number(), ${THROWS}), 1) })`),
    line: /^Cannot check the options of head_type "own": its schema threw: oops$/,
  },
];

/** Runs the command with a plugin, on files that do not matter any more. */
async function run(folder: string, plugin: string, ...args: readonly string[]) {
  const paths = { folder, train: "train.h5", val: "val.h5", test: "test.h5" };
  const command = ["--plugin", plugin, ...args, ...words(runFlags(paths))];
  return await runProcess(command, folder);
}

Deno.test("a plugin that cannot be loaded is named in one line, with exit code 2", async (t) => {
  for (const { name, plugin = "./plugin.ts", text, line } of CASES) {
    await t.step(name, async () => {
      await inFolder(async (folder) => {
        if (text !== undefined) await Deno.writeTextFile(join(folder, plugin), text);
        const { code, out, err } = await run(folder, plugin);
        assertEquals([code, out.length, err.length], [2, 0, 1], err.join("\n"));
        const start = `Cannot load plugin "${plugin}": `;
        assertEquals(err[0].slice(0, start.length), start);
        assertMatch(err[0].slice(start.length), line);
      });
    });
  }
});

Deno.test("two plugins of one key are named, both of them", async () => {
  await inFolder(async (folder) => {
    for (const name of ["one.ts", "two.ts"]) {
      await Deno.writeTextFile(join(folder, name), HEAD("own", "v.strictObject({})"));
    }
    const { code, err } = await run(folder, "./one.ts", "--plugin", "./two.ts");
    assertEquals([code, err], [2, [
      'Cannot load plugin "./two.ts": Cannot add head_type "own": ' +
      'the plugin of "./one.ts" holds this key',
    ]]);
  });
});

Deno.test("a schema that throws at some values is named with its module", async () => {
  await inFolder(async (folder) => {
    const config = `v.strictObject({ size: v.pipe(v.number(), ${THROWS}) })`;
    await Deno.writeTextFile(join(folder, "own.ts"), HEAD("own", config));
    const args = ["--model.head.head_type=own", "--model.head.size=3"];
    const { code, err } = await run(folder, "own.ts", ...args);
    assertEquals([code, err], [2, [
      'Cannot use plugin "own.ts": Cannot check the options of head_type "own": ' +
      "its schema threw: oops",
    ]]);
  });
});
