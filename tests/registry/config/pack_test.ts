import "../../../plugins/mod.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { slideFeatures } from "../../../plugins/dataset/slide_features.ts";
import { resolvePackConfig } from "../../../registry/config/pack.ts";
import { configure } from "../../../registry/configure.ts";
import { ConfigError } from "../../../registry/errors.ts";

const dataset = configure(slideFeatures, { labels_file: "labels.csv" });

Deno.test("resolvePackConfig() fills in what nobody said", () => {
  const { config, given } = resolvePackConfig({
    parts: [dataset, { output_dir: "packed", compression: 4 }],
  });
  const { data, ...fields } = config;
  assertEquals([data.dataset, data.labels_file], ["slide_features", "labels.csv"]);
  assertEquals(fields, {
    output_dir: "packed",
    precision: null,
    compression: 4,
    resume: false,
    overwrite: false,
    shard: null,
    merge: null,
  });
  assertEquals(given.toSorted(), [
    "compression",
    "data.dataset",
    "data.labels_file",
    "output_dir",
  ]);
});

Deno.test("resolvePackConfig() names everything that is wrong", () => {
  const parts = [dataset, { precision: 8, compression: 10 }];
  const error = assertThrows(
    () => resolvePackConfig({ parts: parts as Parameters<typeof resolvePackConfig>[0]["parts"] }),
    ConfigError,
  );
  assertEquals(error.issues.map(({ path }) => path), ["output_dir", "precision", "compression"]);
});
