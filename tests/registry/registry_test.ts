import { assert, assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { DuplicateKeyError, PluginError, UnknownKeyError } from "../../registry/errors.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { Registry } from "../../registry/registry.ts";
import { fake } from "./_fakes.ts";

Deno.test("Registry.add() keeps plugins of different slots apart", () => {
  const registry = new Registry();
  registry.add(fake("logger", "none"));
  assert(registry.has("logger", "none"));
  assertEquals(registry.has("scheduler", "none"), false);
});

Deno.test("Registry.add() takes the same plugin twice", () => {
  const registry = new Registry();
  const clam = fake("head_type", "clam");
  registry.add(clam);
  registry.add(clam);
  assertEquals(registry.list("head_type"), ["clam"]);
  assert(registry.get("head_type", "clam") === clam);
});

Deno.test("Registry.add() throws when another plugin holds the key", () => {
  const registry = new Registry();
  registry.add(fake("head_type", "clam"));
  const error = assertThrows(
    () => registry.add(fake("head_type", "clam")),
    DuplicateKeyError,
    'Cannot add head_type "clam": another plugin holds this key',
  );
  assertEquals([error.slot, error.key], ["head_type", "clam"]);
});

Deno.test("Registry.add() throws when the value is not a plugin", () => {
  const good = fake("head_type", "clam");
  const cases: [Record<string, unknown>, string][] = [
    [{ ...good, slot: "heads" }, 'slot "heads" does not exist'],
    [{ ...good, slot: "constructor" }, 'slot "constructor" does not exist'],
    [{ ...good, key: "" }, 'its key is ""'],
    [{ ...good, key: "two words" }, 'its key is "two words"'],
    [{ ...good, create: undefined }, 'no method "create"'],
    [{ ...good, config: undefined }, "is not a valibot object schema"],
    [{ ...good, config: v.number() }, "is not a valibot object schema"],
  ];
  for (const [plugin, message] of cases) {
    assertThrows(() => new Registry().add(plugin as unknown as Plugin), PluginError, message);
  }
});

Deno.test("Registry.get() throws with the nearest key and the known keys", () => {
  const registry = new Registry();
  registry.add(fake("head_type", "classification"));
  registry.add(fake("head_type", "clam"));
  const error = assertThrows(() => registry.get("head_type", "clamm"), UnknownKeyError);
  assertEquals(
    error.message,
    'Cannot get head_type "clamm": key is not registered, did you mean "clam"? ' +
      'Known keys: "clam", "classification"',
  );
  assertEquals(error.known, ["clam", "classification"]);
  assertThrows(() => registry.get("peft", "lora"), UnknownKeyError, "Known keys: none");
});

Deno.test("Registry.list() sorts and matches patterns", () => {
  const registry = new Registry();
  for (const key of ["Step", "MultiStep", "CosineAnneal", "a.b"]) {
    registry.add(fake("scheduler", key));
  }
  assertEquals(registry.list("scheduler"), ["CosineAnneal", "MultiStep", "Step", "a.b"]);
  assertEquals(registry.list("scheduler", "*Step"), ["MultiStep", "Step"]);
  assertEquals(registry.list("scheduler", "St?p"), ["Step"]);
  assertEquals(registry.list("scheduler", "a?b"), ["a.b"]);
  assertEquals(registry.list("scheduler", "a.c"), []);
});

Deno.test("Registry: two registries know nothing of each other", () => {
  const [one, other] = [new Registry(), new Registry()];
  one.add(fake("logger", "none"));
  other.add(fake("logger", "none"));
  assert(one.get("logger", "none") !== other.get("logger", "none"));
});
