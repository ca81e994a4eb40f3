import { assertEquals } from "@std/assert";
import { parseArgs } from "@std/cli/parse-args";

Deno.test("parseArgs() gives options by name", () => {
  const parsed = parseArgs(["-h", "--config=a", "--plugin=b", "--plugin=c", "d"], {
    boolean: ["help", "version"],
    string: ["config"],
    collect: ["plugin"],
    alias: { h: "help" },
  });
  assertEquals(
    [parsed.help, parsed.version, parsed.config, parsed.plugin, parsed._],
    [true, false, "a", ["b", "c"], ["d"]],
  );
  assertEquals(parseArgs(["--config="], { string: ["config"] }).config, "");
  assertEquals(parseArgs([], { string: ["config"] }).config, undefined);
});
