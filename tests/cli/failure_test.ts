import { assertEquals } from "@std/assert";
import { reportFailure } from "../../cli/failure.ts";
import { DataError, PartError } from "../../engine/errors.ts";
import { ConfigError, PluginError } from "../../registry/errors.ts";
import { Registry } from "../../registry/registry.ts";
import { listener } from "./_fakes.ts";

function thrown(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

Deno.test("reportFailure() gives every error its exit code", () => {
  const foreign = Object.assign(new Error("Cannot read x.h5"), { name: "DataError" });
  const cases: [unknown, number][] = [
    [new ConfigError([{ path: "a", message: "b" }]), 2],
    [new PluginError("Cannot load"), 2],
    [new PartError('dataset "mine"', "no host"), 2],
    [new Deno.errors.NotCapable("Requires read access"), 2],
    [thrown(() => new Registry().get("peft", "x")), 2],
    [new DataError("Cannot read x.h5"), 1],
    [foreign, 1],
    [new Error("oops"), 70],
    ["a string", 70],
  ];
  for (const [error, code] of cases) assertEquals(reportFailure(error, listener()), code);
});

Deno.test("reportFailure() tells of a file on one line, whatever its name holds", () => {
  const io = listener();
  assertEquals(reportFailure(new DataError('Cannot read "a\nb\u001b[1m": gone'), io), 1);
  assertEquals(io.errLines, ['Cannot read "a\\nb\\u001b[1m": gone']);
});

Deno.test("reportFailure() shows where an error comes from when asked to", () => {
  const cause = new TypeError("no such property");
  const shown = (debug: string | undefined) => {
    if (debug === undefined) Deno.env.delete("GLOVITA_DEBUG");
    else Deno.env.set("GLOVITA_DEBUG", debug);
    const io = listener();
    reportFailure(new PluginError("Cannot use head_type", { cause }), io);
    return io.errLines.join("\n");
  };
  const before = Deno.env.get("GLOVITA_DEBUG");
  try {
    assertEquals(shown("1"), `Cannot use head_type\n${cause.stack}`);
    assertEquals(shown(undefined), "Cannot use head_type");
  } finally {
    if (before !== undefined) Deno.env.set("GLOVITA_DEBUG", before);
  }
});
