/** Runs the commands and programs of the pages, and compares what comes out with what they show. */
import { assertEquals } from "@std/assert";
import { announcedCode, type Block, missingLine, readBlocks } from "./_pages.ts";
import { type Outcome, Sandbox } from "./_sandbox.ts";

const root = new URL("../../", import.meta.url);
const pages = ["README.md", ...listPages("docs")];

/** Blocks that are not run: the tests themselves, and what needs minutes or downloads. */
const LEFT_OUT =
  /task (test|ok|bench|fuzz|demo|serve|quickstart:mil|pack:npm)\b|deno install --global/;

for (const name of pages) {
  Deno.test(`${name}: its commands do what it says`, async (t) => {
    using sandbox = new Sandbox();
    await sandbox.writeRenamed("renamed.h5");
    for (const block of readBlocks(await Deno.readTextFile(new URL(name, root)))) {
      const run = runner(sandbox, block);
      if (!run) continue;
      await t.step(`line ${block.line}`, async () => {
        const { code, output } = await run(block.text);
        assertEquals(code, announcedCode(block.text), output);
        const missing = missingLine(block.output ?? "", output);
        assertEquals(missing, undefined, `"${missing}" is not in:\n${output}`);
      });
    }
  });
}

Deno.test("the programs of all pages pass type checking", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--doc-only", ...pages],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
});

function listPages(folder: string): string[] {
  const files = [...Deno.readDirSync(new URL(folder, root))].map(({ name }) => name);
  return files.filter((name) => name.endsWith(".md")).sort().map((name) => `${folder}/${name}`);
}

function runner(
  sandbox: Sandbox,
  { language, text }: Block,
): ((text: string) => Promise<Outcome>) | undefined {
  if (LEFT_OUT.test(text)) return undefined;
  switch (language) {
    case "sh":
      return (script) => sandbox.sh(script);
    case "ts":
      return (program) => sandbox.ts(program);
    case "python":
      return Deno.env.has("GLOVITA_PYTHON") ? (program) => sandbox.python(program) : undefined;
  }
}
