import { assertEquals } from "@std/assert";
import { flag } from "../../../registry/config/flag.ts";
import { changedFields, isFlagged, isSame } from "../../../registry/config/given_fields.ts";
import { type ConfigSources, resolveConfig } from "../../../registry/config/resolve.ts";
import { fakeRegistry, minimalFile } from "../_fakes.ts";

const registry = fakeRegistry();
/** What the smallest file sets. */
const MINIMAL = resolveConfig({ file: minimalFile() }, registry).given;

/** The fields that somebody set besides those of the smallest file. */
function given(sources: ConfigSources): string[] {
  const all = resolveConfig({ file: minimalFile(), ...sources }, registry).given;
  return all.filter((path) => !MINIMAL.includes(path));
}

Deno.test("givenFields() are what a file says that is not the default", () => {
  assertEquals(MINIMAL, [
    "data.dataset",
    "data.num_classes",
    "data.train_features_file",
    "data.val_features_file",
    "model.encoder.encoder_type",
    "model.encoder.feature_dim",
  ]);
  const file = {
    ...minimalFile(),
    training: {
      epochs: 20,
      seed: 0,
      precision: "no",
      early_stopping: { patience: 5, min_epochs: 0 },
    },
    task: { label_smoothing: 0, metrics: ["acc", "f1"] },
    optimizer: { name: "AdamW", lr: 2e-5, weight_decay: 0.1, scheduler: null },
    dataloading: { eval_batch_size: null },
    add_log: { a: { b: 1 } },
    logger: {},
  };
  assertEquals(given({ file }), [
    "training.seed",
    "training.early_stopping.patience",
    "optimizer.weight_decay",
    "optimizer.scheduler",
    "add_log",
  ]);
});

Deno.test("givenFields() are all that flags name, also at the default", () => {
  const flags = [
    flag("training.epochs", "20"),
    flag("data.no_stratified"),
    flag("data.dataset_kwargs.feature_key", "features"),
    flag("add_log.a.b", "1"),
    flag("task.metrics", "acc", "f1"),
  ];
  assertEquals(given({ flags }), [
    "data.stratified",
    "data.dataset_kwargs.feature_key",
    "task.metrics",
    "training.epochs",
    "add_log",
  ]);
});

Deno.test("givenFields() of parts are those that differ from the default", () => {
  const parts = [{ training: { epochs: 20, seed: 1 } }, { task: { mixup_alpha: 0.3 } }];
  assertEquals(given({ parts }), ["task.mixup_alpha", "training.seed"]);
});

Deno.test("givenFields() are not what stood in the config of an earlier run", () => {
  const earlier = resolveConfig({
    file: { ...minimalFile(), training: { epochs: 7, seed: 3 }, exp_dir: "x" },
  }, registry).config;
  const flags = [flag("training.epochs", "9")];
  const parts = [{ training: { seed: 4, precision: "no" as const } }];
  const { given } = resolveConfig({ file: earlier, parts, flags, inherited: true }, registry);
  assertEquals(given, ["training.epochs", "training.seed"]);
});

Deno.test("changedFields() are those of a resolved config that differ from their defaults", () => {
  const flags = [flag("model.head.head_type", "clam"), flag("model.head.gate", "false")];
  const { config } = resolveConfig({ file: minimalFile(), flags }, registry);
  assertEquals(
    changedFields(config, { registry }).filter((path) => !MINIMAL.includes(path)),
    ["model.head.head_type", "model.head.gate", "dataloading.eval_batch_size"],
  );
});

Deno.test("isFlagged() looks for the field, what is in it and what it is in", () => {
  const flags = [flag("a.b", "1"), flag("c.no_d"), flag("no_e")];
  assertEquals(["a.b", "a", "a.b.c", "c.d", "e"].map((path) => isFlagged(path, flags)), [
    ...[true, true, true, true, true],
  ]);
  assertEquals(["a.bc", "b", "d", "c.no"].map((path) => isFlagged(path, flags)), [
    ...[false, false, false, false],
  ]);
});

Deno.test("isSame() compares values, and takes nothing for null", () => {
  assertEquals([isSame(undefined, null), isSame([1, { a: 2 }], [1, { a: 2 }])], [true, true]);
  assertEquals([isSame(0, false), isSame("1", 1), isSame([], {})], [false, false, false]);
});
