import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as v from "valibot";
import { cosineAnneal } from "../../../plugins/scheduler/CosineAnneal.ts";
import type { Plugin } from "../../../registry/plugin.ts";
import { SLOT_NAMES } from "../../../registry/slots.ts";
import { checkPlugin, PluginCheckError, pluginChecks } from "../../../registry/testing/mod.ts";
import { failuresOf, plain } from "./_broken.ts";

/** A schedule that is not finite, and says nothing of its option. */
const broken: Plugin<"scheduler", { readonly power: number }> = {
  slot: "scheduler",
  key: "broken",
  description: "a broken one",
  config: v.strictObject({ power: v.number() }),
  create: ({ power }) => ({ factor: () => power / 0 }),
};

Deno.test("pluginChecks() names slot, key and promise, and checks nothing by itself", () => {
  const checks = pluginChecks(broken);
  assertEquals(checks[0].name, 'scheduler "broken" can be registered');
  assertEquals(new Set(checks.map(({ name }) => name)).size, checks.length);
});

Deno.test("pluginChecks() has promises of its own for every slot", () => {
  const common = pluginChecks(plain("scheduler", () => ({ factor: () => 1 }))).length - 2;
  for (const slot of SLOT_NAMES) {
    const never = plain(slot, () => {
      throw new Error("nothing is created");
    });
    assertEquals(pluginChecks(never).length > common, true, slot);
  }
});

Deno.test("pluginChecks() throws what a plugin does not keep to", async () => {
  const check = pluginChecks(broken).find(({ name }) =>
    name.endsWith("of at least 0 for every epoch")
  );
  const error = await assertRejects(() => check!.run(), PluginCheckError);
  assertEquals(
    error.message,
    'Cannot accept scheduler "broken", which gives a factor of at least 0 for every epoch: ' +
      "epoch 0 of 1 has the factor NaN",
  );
  assertEquals([error.slot, error.key, error.failures.length], ["scheduler", "broken", 1]);
  assertEquals(error.cause instanceof Error, true);
});

Deno.test("checkPlugin() names everything that is wrong, a line each", async () => {
  const error = await assertRejects(
    () => checkPlugin(broken, { config: { power: 2 } }),
    PluginCheckError,
  );
  assertEquals(error.failures.map(({ state }) => state), [
    'option "power" has no description',
    "epoch 0 of 1 has the factor Infinity",
  ]);
  assertEquals(error.message.split("\n").length, 2);
});

Deno.test("checkPlugin() passes a plugin that keeps to its contract", async () => {
  await checkPlugin(cosineAnneal);
  await checkPlugin(cosineAnneal, { config: { warmup_epochs: 0 }, context: { epochs: 5 } });
});

Deno.test("checkPlugin() leaves out what the author names, and knows no other names", async () => {
  const names = ["names and describes its options", "gives a factor of at least 0 for every epoch"];
  assertEquals(await failuresOf(broken, { skip: names }), []);
  assertThrows(
    () => pluginChecks(broken, { skip: ["gives factors"] }),
    RangeError,
    'Cannot skip "gives factors": the checks of scheduler are "can be registered", ',
  );
});

Deno.test("checkPlugin() reports only the first line of what was thrown", async () => {
  const throwing = plain("scheduler", () => {
    throw new TypeError("first\nsecond");
  });
  const states = (await failuresOf(throwing)).map(({ state }) => state);
  assertEquals(states, ["first", "first"]);
});
