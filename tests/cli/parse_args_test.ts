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
  const bare = parseArgs(["--config", "--plugin", "-h"], {
    string: ["config", "plugin"],
    collect: ["plugin"],
  });
  assertEquals([bare.config, bare.plugin], ["", [""]]);
  assertEquals(parseArgs([], { string: ["config"] }).config, undefined);
});
