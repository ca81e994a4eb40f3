import { assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { PluginError } from "../../../registry/errors.ts";
import { selectedPlugins } from "../../../registry/config/selected.ts";
import { defaultOf, parseOptions, takesNull } from "../../../registry/config/options.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { fake, fakeRegistry, minimalFile } from "../_fakes.ts";

const fail = (): never => {
  throw new TypeError("out of cheese\nat line 3");
};

const rate = v.pipe(v.nullable(v.number()), v.check(fail));
const throwing = fake("head_type", "cheesy", v.strictObject({ rate: v.optional(rate, 0) }));

Deno.test("parseOptions() gives values or issues", () => {
  const plugin = fake("logger", "a", v.strictObject({ b: v.optional(v.number(), 1) }));
  assertEquals(parseOptions(plugin, {}).output, { b: 1 });
  assertEquals(parseOptions(plugin, { b: "c" }).success, false);
});

Deno.test("parseOptions() names the plugin whose schema throws", () => {
  const message = 'Cannot check the options of head_type "cheesy": its schema threw: out of cheese';
  const error = assertThrows(() => parseOptions(throwing, {}), PluginError);
  assertEquals(error.message, message);
  assertEquals((error.cause as Error).name, "TypeError");
  const registry = fakeRegistry();
  registry.add(throwing);
  for (const rate of [undefined, 1, null]) {
    const head = { head_type: "cheesy", ...(rate !== undefined && { rate }) };
    const file = minimalFile();
    const model = { ...file.model, head };
    assertThrows(() => resolveConfig({ file: { ...file, model } }, registry), PluginError, message);
  }
});

Deno.test("defaultOf() and takesNull() leave it to parseOptions() to report what throws", () => {
  assertEquals(defaultOf(v.optional(v.number(), 3)), 3);
  assertEquals(defaultOf(v.optional(v.number(), fail)), undefined);
  assertEquals([takesNull(v.nullable(v.number())), takesNull(v.number())], [true, false]);
  assertEquals(takesNull(rate), true);
});

Deno.test("selectedPlugins() names a plugin of a list that cannot do without options", () => {
  const registry = fakeRegistry();
  registry.add(fake("metric", "greedy", v.strictObject({ threshold: v.number() })));
  const file = { ...minimalFile(), task: { metrics: ["greedy"] } };
  const { config } = resolveConfig({ file }, registry);
  const message = 'Cannot use metric "greedy": it has options without a default';
  assertThrows(() => selectedPlugins(config, "metric", registry), PluginError, message);
});
