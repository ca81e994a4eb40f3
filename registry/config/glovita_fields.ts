/**
 * What GloViTa's configs hold that this version does not know, so that they load. A field of this
 * table is accepted where no selected plugin declares it. The user is told of it, unless it stands in
 * a file and asks for nothing, or for what another plugin has by default.
 * @module
 */
import type { Slot } from "../plugin.ts";

/** Fields of GloViTa by section. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  data: ["augmentation", "dataset_kwargs", "num_classes", "task", "subtask"],
  training: ["compile"],
  dataloading: ["pin_memory", "persistent_workers", "timeout", "use_worker_init_fn"],
  optimizer: [
    "nesterov",
    "muon_momentum",
    "muon_ns_coefficients",
    "muon_eps",
    "muon_ns_steps",
    "muon_adjust_lr_fn",
    "warmup_epochs",
  ],
  logger: [
    "entity",
    "project",
    "tags",
    "name",
    "offline",
    "tracking_uri",
    "experiment_name",
    "run_name",
  ],
};

/** Keys that a config file of GloViTa may select although no plugin provides them. */
const KEYS: { readonly [S in Slot]?: readonly string[] } = {
  logger: ["wandb", "mlflow"],
};

/**
 * Tells whether GloViTa has a field.
 * @param section Dotted path of the section.
 * @param name Name of the field.
 * @returns Whether it may stand in a config without effect.
 */
export function isGlovitaField(section: string, name: string): boolean {
  return FIELDS[section]?.includes(name) ?? false;
}

/**
 * Tells whether a config file may select a key that is not registered.
 * @param slot Slot of the key.
 * @param key The key.
 * @returns Whether the slot's default takes its place.
 */
export function isGlovitaKey(slot: Slot, key: string): boolean {
  return KEYS[slot]?.includes(key) ?? false;
}
