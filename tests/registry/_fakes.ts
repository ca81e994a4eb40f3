/** Plugins without substance for tests of registry, config and command line. @module */
import * as v from "valibot";
import type { OptionsSchema, Plugin, Slot } from "../../registry/plugin.ts";
import { Registry } from "../../registry/registry.ts";

const none = v.strictObject({});
const rate = v.optional(v.pipe(v.number(), v.minValue(0), v.ltValue(1)), 0);
const size = v.pipe(v.number(), v.integer(), v.minValue(1));

/** Makes a plugin that cannot create anything. */
export function fake<S extends Slot>(
  slot: S,
  key: string,
  config: OptionsSchema<unknown> = none,
): Plugin<S> {
  return {
    slot,
    key,
    description: `The fake ${key}.`,
    config,
    create() {
      throw new Error("A fake creates nothing");
    },
  };
}

const features = v.strictObject({
  num_classes: v.pipe(size, v.description("Number of classes.")),
  task: v.optional(v.literal("Classification"), "Classification"),
  subtask: v.optional(v.picklist(["multiclass", "multilabel"]), "multiclass"),
  train_features_file: v.string(),
  val_features_file: v.string(),
  test_features_file: v.optional(v.nullable(v.string()), null),
  dataset_kwargs: v.optional(
    v.strictObject({
      feature_key: v.optional(v.string(), "features"),
      label_key: v.optional(v.string(), "labels"),
    }),
    {},
  ),
});

const images = v.strictObject({
  num_classes: v.optional(size, 10),
  dataset_kwargs: v.optional(v.record(v.string(), v.unknown()), {}),
  class_names: v.optional(v.nullable(v.array(v.string())), null),
  allowed_exts: v.optional(v.array(v.string()), [".jpg"]),
});

const clam = v.strictObject({
  variant: v.pipe(v.optional(v.picklist(["sb", "mb"]), "mb"), v.description("Branches.")),
  gate: v.optional(v.boolean(), true),
  dropout: rate,
  k_sample: v.optional(size, 8),
  instance_eval: v.optional(v.boolean(), false),
  stochastic_topk: v.optional(v.boolean(), false),
  topk_tau: v.optional(v.pipe(v.number(), v.gtValue(0)), 0.25),
});

const timm = v.strictObject({
  type: v.optional(v.string(), "vit_base_patch16_224"),
  pretrained: v.optional(v.boolean(), true),
  model_kwargs: v.optional(v.record(v.string(), v.unknown()), {}),
});

const muon = v.strictObject({
  muon_momentum: v.optional(v.number(), 0.95),
  muon_ns_coefficients: v.optional(
    v.tuple([v.number(), v.number(), v.number()]),
    [3.4445, -4.775, 2.0315],
  ),
});

/** A registry with the keys of the real one that the tests need. */
export function fakeRegistry(): Registry {
  const registry = new Registry();
  registry.add(fake("dataset", "precomputed_features", features));
  registry.add(fake("dataset", "cifar10", images));
  registry.add(
    fake("encoder_type", "precomputed", v.strictObject({ feature_dim: size })),
  );
  registry.add(fake("encoder_type", "timm", timm));
  registry.add(fake("head_type", "classification", v.strictObject({ dropout: rate })));
  registry.add(fake("head_type", "clam", clam));
  registry.add(fake("peft", "full_finetuning"));
  registry.add(
    fake("peft", "lora", v.strictObject({ lora_rank: v.optional(size, 8) })),
  );
  registry.add(fake("optimizer", "AdamW"));
  registry.add(fake("optimizer", "Muon", muon));
  registry.add(
    fake(
      "scheduler",
      "CosineAnneal",
      v.strictObject({ warmup_epochs: v.optional(v.pipe(v.number(), v.integer()), 10) }),
    ),
  );
  registry.add(fake("scheduler", "Step"));
  registry.add(fake("scheduler", "none"));
  for (const key of ["acc", "f1", "auroc"]) registry.add(fake("metric", key));
  registry.add(fake("logger", "none"));
  registry.add(
    fake(
      "logger",
      "mlflow",
      v.strictObject({ run_name: v.optional(v.nullable(v.string()), null) }),
    ),
  );
  return registry;
}

/** A config file, to change. */
export interface MinimalFile {
  data: Record<string, unknown>;
  model: Record<string, unknown>;
  [section: string]: unknown;
}

/** The smallest file that resolves. */
export function minimalFile(): MinimalFile {
  return {
    data: {
      dataset: "precomputed_features",
      num_classes: 2,
      train_features_file: "train.h5",
      val_features_file: "val.h5",
    },
    model: {
      encoder: { encoder_type: "precomputed", feature_dim: 64 },
      head: { head_type: "classification" },
    },
  };
}
