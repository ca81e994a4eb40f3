import { assertEquals, assertThrows } from "@std/assert";
import { resolveExtractConfig } from "../../../registry/config/extract.ts";
import { flag } from "../../../registry/config/flag.ts";
import {
  glovitaDefault,
  isGlovitaField,
  isGlovitaKey,
  whyAbsent,
} from "../../../registry/config/glovita_fields.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { fakeRegistry, minimalFile } from "../_fakes.ts";

const registry = fakeRegistry();

Deno.test("isGlovitaField() and isGlovitaKey() know sections and slots", () => {
  assertEquals(isGlovitaField("dataloading", "pin_memory"), true);
  assertEquals(isGlovitaField("training", "pin_memory"), false);
  assertEquals(isGlovitaField("nowhere", "pin_memory"), false);
  assertEquals([isGlovitaKey("logger", "wandb"), isGlovitaKey("peft", "wandb")], [true, false]);
  assertEquals(glovitaDefault("optimizer", "warmup_epochs"), 10);
  assertEquals(glovitaDefault("optimizer", "toString"), undefined);
});

Deno.test("resolveConfig() loads a config of GloViTa", () => {
  const file = {
    ...minimalFile(),
    peft: { method: "full_finetuning" },
    task: { metrics: ["acc", "auroc"], result_plot: null },
    training: {
      precision: "bf16",
      seed: null,
      compile: false,
      train_steps_per_epoch: null,
      val_steps_per_epoch: 5,
      ddp_find_unused_parameters: true,
    },
    dataloading: { num_workers: 12, prefetch_factor: null, pin_memory: true, timeout: 30 },
    optimizer: {
      name: "AdamW",
      nesterov: true,
      muon_adjust_lr_fn: null,
      muon_momentum: 0.95,
      scheduler: null,
      warmup_epochs: 3,
    },
    logger: { backend: "wandb", entity: null, project: "mil", group: "mine", offline: false },
  };
  Object.assign(file.data, {
    fold: "1",
    augmentation: { train_policy: null, train_kwargs: {} },
    dataset_kwargs: {},
  });
  const { config, notices } = resolveConfig({ file }, registry);
  assertEquals([config.data.fold, config.optimizer.scheduler], [1, "none"]);
  assertEquals(
    [config.training.train_steps_per_epoch, config.training.val_steps_per_epoch],
    [null, 5],
  );
  assertEquals(config.logger, { backend: "none", group: "mine" });
  assertEquals(notices, [
    'logger.backend "wandb" of the config file is not available, "none" is used',
    "ignored: training.ddp_find_unused_parameters, dataloading.timeout, optimizer.nesterov, " +
    "optimizer.warmup_epochs, logger.project (not used by this command)",
  ]);
});

Deno.test("resolveConfig() takes the section wandb of older configs as logger", () => {
  const file = { ...minimalFile(), wandb: { project: "old" } };
  const { notices } = resolveConfig({ file }, registry);
  assertEquals(notices[0].includes('"wandb"'), true);
});

Deno.test("resolveConfig() names flags of GloViTa without effect once", () => {
  const flags = [flag("dataloading.pin_memory"), flag("dataloading.pin_memory", "false")];
  const { notices } = resolveConfig({ file: minimalFile(), flags }, registry);
  assertEquals(notices, ["ignored: dataloading.pin_memory (not used by this command)"]);
});

Deno.test("resolveConfig() takes GloViTa's truth values without effect as --a.no_x", () => {
  const flags = [flag("dataloading.no_pin_memory"), flag("dataloading.no_persistent_workers")];
  const { notices } = resolveConfig({ file: minimalFile(), flags }, registry);
  assertEquals(notices, [
    "ignored: dataloading.no_pin_memory, dataloading.no_persistent_workers " +
    "(not used by this command)",
  ]);
  const timeout = [flag("dataloading.no_timeout")]; // a number
  assertThrows(() => resolveConfig({ file: minimalFile(), flags: timeout }, registry), ConfigError);
});

Deno.test("resolveExtractConfig() takes what only a training's loaders use", () => {
  const file = { data: { dataset: "cifar10" } };
  const flags = [flag("dataloading.eval_batch_size", "8"), flag("dataloading.no_pin_memory")];
  const { notices } = resolveExtractConfig({ file, flags }, registry);
  assertEquals(notices, [
    "ignored: dataloading.eval_batch_size, dataloading.no_pin_memory (not used by this command)",
  ]);
});

Deno.test("resolveConfig() says why a key of GloViTa's is not there", () => {
  const cases = [
    ["model.encoder.encoder_type", "primus", "3D volumes are not supported"],
    ["model.encoder.encoder_type", "pytorchvideo", "videos are not supported"],
    ["data.dataset", "generic3d_dataset", "3D volumes are not supported"],
    ["model.head.head_type", "framewise_decoder_1d", "videos are not supported"],
  ];
  for (const [path, key, why] of cases) {
    const error = assertThrows(
      () => resolveConfig({ file: minimalFile(), flags: [flag(path, key)] }, registry),
      ConfigError,
    );
    const [{ message }] = error.issues.filter((issue) => issue.path === path);
    assertEquals(message.endsWith(`received "${key}"; ${why}`), true, message);
  }
  assertEquals([whyAbsent("dataset", "cifar10"), whyAbsent("metric", "acc")], [
    undefined,
    undefined,
  ]);
});
