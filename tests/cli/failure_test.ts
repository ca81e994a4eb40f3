import { assert, assertEquals, assertMatch } from "@std/assert";
import { reportFailure } from "../../cli/failure.ts";
import { DataError, PartError } from "../../engine/errors.ts";
import { escapeControls } from "../../engine/storage/text_file.ts";
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

Deno.test("reportFailure() tells of names in a config on one line, and shows long ones in part", () => {
  for (const name of ["a\nb", "\u001b[31ma", "a\u009bb"]) {
    const io = listener();
    reportFailure(new ConfigError([{ path: name, message: "expected" }]), io);
    assertEquals(io.errLines, [`${escapeControls(name)}: expected`]);
  }
  const long = "x".repeat(5_000_000);
  const errors = [
    new ConfigError([{ path: long, message: "expected a field" }]),
    new ConfigError([{ path: "a", message: `expected a name, received "${long}"` }]),
    new DataError(`Cannot read "${long}": it does not exist`),
  ];
  for (const error of errors) {
    const io = listener();
    reportFailure(error, io);
    const [line, ...others] = io.errLines;
    assertEquals(others, []);
    assert(line.length < 11_000, String(line.length));
    assertEquals([line.slice(0, 100), line.slice(-10)], [
      error.message.slice(0, 100),
      error.message.slice(-10),
    ]);
    assertMatch(line, /xxx\.\.\. \(49900\d\d characters\) \.\.\.xxx/);
  }
  const io = listener();
  const path = `Cannot read "${"x".repeat(4096)}" and "${"y".repeat(4096)}"`;
  reportFailure(new DataError(path), io);
  assertEquals(io.errLines, [path]);
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
