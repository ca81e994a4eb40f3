import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { DataError, PartError } from "../../../engine/errors.ts";
import { ContractError } from "../../../engine/fault.ts";
import { explainPluginError, partName } from "../../../registry/builder/fault.ts";
import { ConfigError, PluginError } from "../../../registry/errors.ts";

const plugin = { slot: "head_type", key: "mine" } as const;

Deno.test("partName() quotes the key", () => {
  assertEquals(partName(plugin), 'head_type "mine"');
});

Deno.test("explainPluginError() leaves alone what was thrown on purpose", () => {
  const foreign = Object.assign(new Error("a: b"), { name: "ConfigError" });
  const deliberate = [
    new ConfigError([{ path: "a", message: "b" }]),
    new PluginError("Cannot use peft"),
    new PartError("dataset", "x"),
    new DataError("Cannot read a.h5"),
    foreign,
  ];
  for (const error of deliberate) {
    assertStrictEquals(explainPluginError(error, plugin, "model.head"), error);
  }
});

Deno.test("explainPluginError() names slot and key of everything else", () => {
  const thrown: [unknown, string][] = [
    [new TypeError("x is not a function"), "it is broken: x is not a function"],
    [new RangeError("too far"), "it is broken: too far"],
    ["no host", "it is broken: no host"],
    [new ContractError("expected a, received b"), "expected a, received b"],
  ];
  for (const [error, state] of thrown) {
    const explained = explainPluginError(error, plugin);
    assert(explained instanceof PluginError);
    assertEquals(explained.message, `Cannot use head_type "mine": ${state}`);
    assertEquals([explained.slot, explained.key], ["head_type", "mine"]);
    assertStrictEquals(explained.cause, error);
  }
});

Deno.test("explainPluginError() puts a RangeError down to the config, where options are judged", () => {
  const error = new RangeError("expected a head for Regression");
  const explained = explainPluginError(error, plugin, "model.head.head_type");
  assert(explained instanceof ConfigError);
  assertEquals(explained.issues, [{
    path: "model.head.head_type",
    message: '"mine": expected a head for Regression',
  }]);
});

Deno.test("explainPluginError() makes a DataError of what the system refuses", () => {
  const refused = Object.assign(new Error("No such file"), { code: "ENOENT" });
  const explained = explainPluginError(refused, plugin);
  assert(explained instanceof DataError);
  assertEquals(explained.message, 'Cannot use head_type "mine": No such file');
});
