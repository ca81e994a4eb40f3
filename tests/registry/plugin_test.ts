import { assertEquals } from "@std/assert";
import { precomputedFeatures } from "../../plugins/dataset/precomputed_features.ts";
import { optionEntries } from "../../registry/config/compose.ts";
import { type Plugin, SPLIT_NAMES } from "../../registry/plugin.ts";

Deno.test("SPLIT_NAMES are those that a dataset has files for", () => {
  const names = Object.keys(optionEntries(precomputedFeatures as Plugin));
  const files = names.filter((name) => name.endsWith("_features_file"));
  assertEquals(files, SPLIT_NAMES.map((split) => `${split}_features_file`));
});
