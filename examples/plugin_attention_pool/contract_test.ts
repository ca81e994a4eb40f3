/** The checks that glovita makes of its own plugins, of ours. */
import { pluginChecks } from "@glovita/glovita/testing";
import { attentionPool, trueProbability } from "./mod.ts";

const checks = [
  ...pluginChecks(attentionPool, { config: { attention_dim: 8 } }),
  ...pluginChecks(attentionPool, { config: { attention_dim: 3, dropout: 0.4 } }),
  ...pluginChecks(trueProbability),
];

for (const { name, run } of checks) Deno.test(name, run);
