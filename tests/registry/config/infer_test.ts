import { assertEquals, assertThrows } from "@std/assert";
import { flag } from "../../../registry/config/flag.ts";
import { resolveInferConfig } from "../../../registry/config/infer.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { registry } from "../../../registry/registry.ts";
import "../../../plugins/mod.ts";

const DATA = {
  dataset: "precomputed_features",
  num_classes: 2,
  train_features_file: "a.h5",
  val_features_file: "b.h5",
};

Deno.test("the data of a training's config is taken, its other sections are not", () => {
  const file = { data: DATA, training: { epochs: 3 }, optimizer: { lr: 1 }, exp_dir: "run" };
  const { config, given, notices } = resolveInferConfig({ file, inherited: true }, registry);
  assertEquals([config.exp_dir, config.checkpoint, config.split], ["run", "best", null]);
  assertEquals(Object.keys(config).sort(), [
    ...["attention_output", "checkpoint", "checkpoint_path", "data", "dataloading", "device"],
    ...[
      "device_check",
      "device_id",
      "exp_dir",
      "float32_matmul_precision",
      "fold",
      "merge",
      "metrics",
      "mpp",
      "patch_size",
      "precision_compute",
      "pred_output",
      "shard",
      "split",
    ],
    ...["thumbnails", "top_tiles"],
  ]);
  assertEquals([given, notices], [[], []]);
});

Deno.test("flags of the data are told as given", () => {
  const flags = [flag("data.test_features_file", "c.h5"), flag("split", "all")];
  const { config, given } = resolveInferConfig({ file: { data: DATA }, flags }, registry);
  assertEquals(config.data.test_features_file, "c.h5");
  assertEquals(given.includes("data.test_features_file"), true);
});

Deno.test("all that is wrong is told at once", () => {
  const flags = [
    flag("checkpoint", "first"),
    flag("fold", "-1"),
    flag("dataloading.shuffle", "true"),
  ];
  const { issues } = assertThrows(
    () => resolveInferConfig({ file: { data: DATA }, flags }, registry),
    ConfigError,
  );
  assertEquals(issues.map(({ path }) => path), ["checkpoint", "fold", "dataloading.shuffle"]);
});
