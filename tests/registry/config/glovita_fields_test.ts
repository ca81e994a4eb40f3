import { assertEquals } from "@std/assert";
import { flag } from "../../../registry/config/flag.ts";
import { isGlovitaField, isGlovitaKey } from "../../../registry/config/glovita_fields.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { fakeRegistry, minimalFile } from "../_fakes.ts";

const registry = fakeRegistry();

Deno.test("isGlovitaField() and isGlovitaKey() know sections and slots", () => {
  assertEquals(isGlovitaField("dataloading", "pin_memory"), true);
  assertEquals(isGlovitaField("training", "pin_memory"), false);
  assertEquals(isGlovitaField("nowhere", "pin_memory"), false);
  assertEquals([isGlovitaKey("logger", "wandb"), isGlovitaKey("peft", "wandb")], [true, false]);
});

Deno.test("resolveConfig() loads a config of GloViTa", () => {
  const file = {
    ...minimalFile(),
    peft: { method: "full_finetuning" },
    task: { metrics: ["acc", "auroc"], result_plot: null },
    training: { precision: "bf16", seed: null, compile: false },
    dataloading: { num_workers: 12, prefetch_factor: null, pin_memory: true, timeout: 0 },
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
  assertEquals(config.logger, { backend: "none", group: "mine" });
  assertEquals(notices, [
    'logger.backend "wandb" of the config file is not available, "none" is used',
    "ignored: dataloading.pin_memory, optimizer.nesterov, optimizer.warmup_epochs, logger.project " +
    "(not used by this command)",
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
