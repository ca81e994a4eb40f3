/**
 * What GloViTa's configs hold that this version does not know, so that they load. A field of this
 * table is accepted where no selected plugin declares it. The user is told of it, unless it stands in
 * a file and asks for nothing, or for what GloViTa or another plugin has by default.
 * @module
 */
import type { Slot } from "../plugin.ts";

/** Fields of GloViTa by section, with their defaults there. */
const FIELDS: { readonly [section: string]: Readonly<Record<string, unknown>> | undefined } = {
  data: { augmentation: {}, dataset_kwargs: {}, num_classes: null, task: null, subtask: null },
  training: { compile: false, ddp_find_unused_parameters: false },
  // All that a training's section has: other commands take some of them.
  dataloading: {
    batch_size: 32,
    eval_batch_size: null,
    num_workers: 12,
    prefetch_factor: 2,
    drop_last_train: false,
    drop_last_eval: false,
    shuffle_train: true,
    shuffle_eval: false,
    pin_memory: true,
    persistent_workers: true,
    timeout: 0,
    use_worker_init_fn: true,
  },
  optimizer: {
    nesterov: false,
    muon_momentum: 0.95,
    muon_ns_coefficients: [3.4445, -4.775, 2.0315],
    muon_eps: 1e-7,
    muon_ns_steps: 5,
    muon_adjust_lr_fn: null,
    warmup_epochs: 10,
  },
  logger: {
    entity: null,
    project: null,
    tags: null,
    name: null,
    offline: false,
    tracking_uri: null,
    experiment_name: null,
    run_name: null,
  },
};

/** Keys that a config file of GloViTa may select although no plugin provides them. */
const KEYS: { readonly [S in Slot]?: readonly string[] } = {
  logger: ["wandb", "mlflow"],
};

const VOLUMES = "3D volumes are not supported";
const VIDEO = "videos are not supported";
const BY_ONNX = 'export such a model as ONNX and select "onnx"';

/** Keys of GloViTa that no plugin provides, and why, or what there is instead. */
const ABSENT: { readonly [S in Slot]?: Readonly<Record<string, string>> } = {
  dataset: { generic_3d_dataset: VOLUMES },
  encoder_type: {
    torchvision: `select "timm", or ${BY_ONNX}`,
    transformer: `select "timm", or ${BY_ONNX}`,
    dinov2: `select "timm", whose models are the same, or ${BY_ONNX}`,
    dinov3: `select "timm", whose models are the same, or ${BY_ONNX}`,
    torchvision_video: VIDEO,
    pytorchvideo: VIDEO,
    residual_encoder: VOLUMES,
    primus: VOLUMES,
    nnfoundation: VOLUMES,
  },
  head_type: { framewise_decoder_1d: VIDEO },
  policy: {
    default_3d_1: VOLUMES,
    default_3d_2: VOLUMES,
    default_3d_3: VOLUMES,
    default_3d_4: VOLUMES,
    shared_default_3d: VOLUMES,
    default_nnunet: VOLUMES,
    default_nnunet_DA5: VOLUMES,
    default_nnfoundation: VOLUMES,
  },
};

/**
 * Tells whether GloViTa has a field.
 * @param section Dotted path of the section.
 * @param name Name of the field.
 * @returns Whether it may stand in a config without effect.
 */
export function isGlovitaField(section: string, name: string): boolean {
  return Object.hasOwn(FIELDS[section] ?? {}, name);
}

/**
 * The default of one of GloViTa's fields.
 * @param section Dotted path of the section.
 * @param name Name of the field.
 * @returns Its value where nobody sets it; `undefined` for fields that GloViTa does not have.
 */
export function glovitaDefault(section: string, name: string): unknown {
  return isGlovitaField(section, name) ? FIELDS[section]?.[name] : undefined;
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

/**
 * Says why a key of GloViTa is not there, however it is spelled.
 * @param slot Slot of the key.
 * @param key The key that was given.
 * @returns The end of a message; `undefined` for a key that GloViTa does not have.
 */
export function whyAbsent(slot: Slot, key: string): string | undefined {
  const plain = (name: string) => name.toLowerCase().replaceAll(/[-_]/g, "");
  const found = Object.entries(ABSENT[slot] ?? {}).find(([name]) => plain(name) === plain(key));
  return found && `; ${found[1]}`;
}
