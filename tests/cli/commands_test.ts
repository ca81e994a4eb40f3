import { assertEquals } from "@std/assert";
import { COMMANDS } from "../../cli/commands.ts";
import manifest from "../../deno.json" with { type: "json" };

const tasks: Readonly<Record<string, { readonly command: string }>> = manifest.tasks;

Deno.test("every command is a file of its own, and a deno task by its two names", () => {
  for (const { name } of COMMANDS) {
    for (const task of [name, `glovita_${name}`]) {
      assertEquals(tasks[task]?.command.split(" ").at(-1), `cli/${name}.ts`, task);
    }
  }
});

Deno.test("every deno task that is a file of cli/ is a command", () => {
  const files = Object.values(tasks).flatMap(({ command }) =>
    command.match(/\bcli\/\w+\.ts/g) ?? []
  );
  const names = COMMANDS.map(({ name }) => `cli/${name}.ts`);
  assertEquals([...new Set(files)].sort(), names.sort());
});

Deno.test("a command is described in one short line", () => {
  for (const { name, description } of COMMANDS) {
    assertEquals([description.length <= 70, /^[A-Z].*\.$/.test(description)], [true, true], name);
  }
});
