import { assert, assertEquals, assertThrows } from "@std/assert";
import { UnknownKeyError } from "../../../registry/errors.ts";
import { Registry } from "../../../registry/registry.ts";
import { selectedPlugin, selectedPlugins } from "../../../registry/config/selected.ts";
import { flag } from "../../../registry/config/flag.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { fakeRegistry, minimalFile } from "../_fakes.ts";

const registry = fakeRegistry();
const flags = [flag("optimizer.name", "Muon"), flag("task.metrics", "auroc", "acc")];
const { config } = resolveConfig({ file: minimalFile(), flags }, registry);

Deno.test("selectedPlugin() gives the plugin with its own options only", () => {
  const optimizer = selectedPlugin(config, "optimizer", registry);
  assert(optimizer.plugin === registry.get("optimizer", "Muon"));
  assertEquals(optimizer.options, {
    muon_momentum: 0.95,
    muon_ns_coefficients: [3.4445, -4.775, 2.0315],
  });
  assertEquals(selectedPlugin(config, "scheduler", registry).options, { warmup_epochs: 10 });
  assertEquals(selectedPlugin(config, "encoder_type", registry).options, { feature_dim: 64 });
});

Deno.test("selectedPlugins() gives every plugin of a list", () => {
  const metrics = selectedPlugins(config, "metric", registry);
  assertEquals(metrics.map(({ plugin }) => plugin.key), ["auroc", "acc"]);
  assertEquals(metrics.map(({ options }) => options), [{}, {}]);
});

Deno.test("selectedPlugin() throws when the registry is another one", () => {
  assertThrows(() => selectedPlugin(config, "peft", new Registry()), UnknownKeyError);
});
