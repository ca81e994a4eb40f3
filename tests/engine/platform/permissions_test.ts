import { assertEquals, assertThrows } from "@std/assert";
import { isDenied, mayReach, mayReadVariable } from "../../../engine/platform/permissions.ts";

Deno.test("isDenied() knows what Deno has no permission for, thrown by whatever asked", async () => {
  const lines = [
    'import { readFileSync } from "node:fs";',
    `import { isDenied } from "${import.meta.resolve("../../../engine/platform/permissions.ts")}";`,
    "const tell = (act) => { try { act(); } catch (error) { console.log(isDenied(error)); } };",
    'tell(() => readFileSync("deno.json"));',
    'tell(() => Deno.readFileSync("deno.json"));',
    'tell(() => { throw new Error("something else"); });',
  ];
  const module = `data:text/javascript,${encodeURIComponent(lines.join("\n"))}`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--no-check", "--no-config", module],
  }).output();
  assertEquals(new TextDecoder().decode(stdout).trim().split("\n"), ["true", "true", "false"]);
});

Deno.test("isDenied() is false of a missing file", () => {
  const error = assertThrows(() => Deno.readFileSync("no_such_file"), Error);
  assertEquals([isDenied(error), isDenied("NotCapable")], [false, false]);
});

Deno.test("mayReach() and mayReadVariable() ask Deno", () => {
  assertEquals([mayReach("127.0.0.1"), mayReach("127.0.0.1:80")], [true, true]);
  assertEquals([mayReach("example.org"), mayReadVariable("HOME")], [false, true]);
});
