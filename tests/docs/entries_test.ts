/** The table of the package's entries in docs/architecture.md. */
import { assertEquals, assertLessOrEqual } from "@std/assert";
import { deno, documentedEach } from "../repo/_documented.ts";
import { listEntries, listPlugins, read } from "../repo/_sources.ts";

/** Rows of the table: entry, module and number of names. */
function rows(): string[] {
  const [, section] = read("docs/architecture.md").split("## Entries of the package");
  const table = section.split("\n## ")[0].split("\n").filter((line) => line.startsWith("| `"));
  return table.map((line) => line.split("|").slice(1, 4).map((cell) => cell.trim()).join(" "));
}

Deno.test("docs/architecture.md lists every entry, its module, and how many names it exports", async () => {
  const entries = [...listEntries()];
  const symbols = await documentedEach(entries.map(([, module]) => module));
  const wanted = entries.map(([entry, module], at) =>
    `\`${entry}\` \`${module.replace("./", "")}\` ${symbols[at].length}`
  );
  assertEquals(rows().slice(0, -1).sort(), wanted.sort());
});

Deno.test("docs/architecture.md says how many names the entry of a plugin has", async () => {
  const [, least, most] = / (\d+) to (\d+)$/.exec(rows().at(-1)!)!;
  const symbols = await documentedEach(listPlugins().map(({ path }) => path));
  const counts = symbols.map(({ length }) => length);
  assertEquals([Math.min(...counts), Math.max(...counts)], [Number(least), Number(most)]);
});

Deno.test("deno doc of the library begins with how to train, in a few lines", async () => {
  const { output } = await deno("doc", "mod.ts");
  const [introduction] = output.split("\nDefined in ", 1);
  const [, program] = /```ts\n([\s\S]*?)```/.exec(introduction)!;
  const lines = program.split("\n").map((line) => line.trim())
    .filter((line) => line !== "" && !/^(import|assert)/.test(line));
  assertEquals(lines[0], "const [run] = await train([");
  assertLessOrEqual(lines.length, 9);
});
