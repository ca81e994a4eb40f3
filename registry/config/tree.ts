/**
 * The type of a config tree in which every field has its value.
 * @module
 */

import type { AggregationMethod } from "../../engine/nn/pooling.ts";
import type { DeviceChoice } from "../../engine/runtime/session_options.ts";

/**
 * Options of plugins, which lie in a section beside the section's own fields.
 * @category Configs
 */
export interface PluginFields {
  /** Any option of the plugins that the section selects. */
  readonly [option: string]: unknown;
}

/**
 * `data`: own fields.
 * @category Configs
 */
export interface DataFields {
  /** Root directory of the dataset; `null` is the working directory. @default {null} */
  readonly data_root_dir: string | null;
  /** Fraction of the training samples to keep. @default {null} */
  readonly data_fraction: number | null;
  /** Whether `data_fraction` keeps the proportions of the classes. @default {true} */
  readonly stratified: boolean;
  /** Fold of a dataset that knows folds. @default {null} */
  readonly fold: number | null;
  /** Most instances of a bag that a training step sees, drawn anew every epoch. @default {null} */
  readonly max_instances: number | null;
}

/**
 * `model`: own fields.
 * @category Configs
 */
export interface ModelFields {
  /** How tokens become one embedding. @default {"cls_token"} */
  readonly feature_aggregation_method: AggregationMethod;
}

/**
 * `task`: own fields.
 * @category Configs
 */
export interface TaskFields {
  /**
   * Whether metrics are computed over an epoch, or averaged over batches.
   * @default {"epochwise"}
   */
  readonly metric_computation_mode: "epochwise" | "stepwise";
  /** For which splits plots of the results are made. @default {null} */
  readonly result_plot: "val" | "all" | null;
  /** Label smoothing of the cross entropy. @default {0} */
  readonly label_smoothing: number;
  /** Whether pairs of samples are mixed in training. @default {false} */
  readonly mixup: boolean;
  /** Parameter of the Beta distribution that mixing draws from. @default {0.2} */
  readonly mixup_alpha: number;
  /** Whether training images get a box of another image. @default {false} */
  readonly cutmix: boolean;
  /** Parameter of the Beta distribution that the size of the box is drawn from. @default {1} */
  readonly cutmix_alpha: number;
}

/**
 * `training.early_stopping`: when to stop before the last epoch.
 * @category Configs
 */
export interface EarlyStoppingFields {
  /**
   * Validation value that must get better; `null` is that of the best checkpoint.
   * @default {null}
   */
  readonly metric: string | null;
  /** Epochs without a better value that end the run. @default {20} */
  readonly patience: number;
  /** Epochs that are trained in any case. @default {0} */
  readonly min_epochs: number;
}

/**
 * `training`: own fields.
 * @category Configs
 */
export interface TrainingFields {
  /** Number of epochs. @default {20} */
  readonly epochs: number;
  /** Mixed precision; `no` is float32. @default {"no"} */
  readonly precision: "no" | "fp16" | "bf16";
  /** Batches whose gradients make one update. @default {1} */
  readonly gradient_accumulation_steps: number;
  /** Largest global norm of the gradients. @default {null} */
  readonly gradient_clip_val: number | null;
  /** Seed of everything that is random. @default {null} */
  readonly seed: number | null;
  /** Whether checkpoints are written. @default {true} */
  readonly enable_checkpointing: boolean;
  /** Validation value that chooses `best.pt`; `null` is the first one logged. @default {null} */
  readonly best_checkpoint_metric: string | null;
  /** When to stop before the last epoch; `null` is never. @default {null} */
  readonly early_stopping: EarlyStoppingFields | null;
  /** Whether progress is written as few plain lines. @default {false} */
  readonly cluster_progress_bar: boolean;
  /** Number of folds of a cross-validation; 1 is none. @default {1} */
  readonly cv_folds: number;
  /**
   * Bytes of a frozen encoder's features that stay in memory, more go to a file; `null` computes them
   * anew every epoch. @default {1e9}
   */
  readonly feature_cache: number | null;
  /** Validation batches to run before the first epoch. @default {0} */
  readonly num_sanity_val_steps: number;
  /** Most updates of an epoch; `null` is as many as the training split gives. @default {null} */
  readonly train_steps_per_epoch: number | null;
  /**
   * Most validation batches after an epoch; the whole split is then measured at the end.
   * @default {null}
   */
  readonly val_steps_per_epoch: number | null;
  /** Checkpoint to start from. @default {null} */
  readonly init_checkpoint: string | null;
  /** Dictionary in that file, or beginning of its names; `null` finds the one that fits. @default {null} */
  readonly init_checkpoint_key: string | null;
  /** Run directory to continue. @default {null} */
  readonly resume: string | null;
  /** Whether that goes on although its data is not what it was. @default {false} */
  readonly resume_anyway: boolean;
  /** Where the graph runs; `auto` is a GPU if there is one. @default {"cpu"} */
  readonly device: DeviceChoice;
  /**
   * Whether the first batch is computed on the CPU as well, and a device that differs is refused.
   * @default {true}
   */
  readonly device_check: boolean;
}

/**
 * `dataloading`: own fields.
 * @category Configs
 */
export interface DataloadingFields {
  /** Samples per training batch. @default {32} */
  readonly batch_size: number;
  /** Samples per validation or test batch; `batch_size` where not given. */
  readonly eval_batch_size: number;
  /** Threads that read data; 0 reads on the main thread. @default {1} */
  readonly num_workers: number;
  /** Batches that each thread reads ahead. @default {2} */
  readonly prefetch_factor: number;
  /** Whether an incomplete last training batch is dropped. @default {false} */
  readonly drop_last_train: boolean;
  /** Whether an incomplete last validation or test batch is dropped. @default {false} */
  readonly drop_last_eval: boolean;
  /** Whether training samples are shuffled every epoch. @default {true} */
  readonly shuffle_train: boolean;
  /** Whether training draws samples so that all classes come up equally often. @default {false} */
  readonly weighted_sampling: boolean;
  /** Whether validation and test samples are shuffled. @default {false} */
  readonly shuffle_eval: boolean;
}

/**
 * `optimizer`: own fields.
 * @category Configs
 */
export interface OptimizerFields {
  /** Base learning rate. @default {2e-5} */
  readonly lr: number;
  /** Weight decay. @default {0.05} */
  readonly weight_decay: number;
  /** Factor on the learning rate from layer to layer, from the head down. @default {null} */
  readonly layer_wise_lr_decay: number | null;
  /** Whether norms and biases are left undecayed. @default {false} */
  readonly undecay_norm: boolean;
}

/**
 * `logger`: own fields.
 * @category Configs
 */
export interface LoggerFields {
  /** Folder of the run below `exp_dir/<dataset>`; `null` makes a name. @default {null} */
  readonly group: string | null;
}

/**
 * Fields of the tree outside all sections.
 * @category Configs
 */
export interface RootFields {
  /** Metadata that only loggers see. @default {{}} */
  readonly add_log: Readonly<Record<string, unknown>>;
  /** Root directory of experiments. @default {"./experiments"} */
  readonly exp_dir: string;
}

/**
 * The parts of a tree that say what a model is and what it is for.
 * @category Configs
 */
export type ModelConfig = Pick<ResolvedConfig, "data" | "model" | "peft">;

/**
 * A config tree in which every field has its value.
 * @category Configs
 */
export interface ResolvedConfig extends RootFields {
  /** Samples and targets. */
  readonly data: DataFields & { readonly dataset: string } & PluginFields;
  /** Encoder, head, and what is between them. */
  readonly model: ModelFields & {
    /** Samples to embeddings. */
    readonly encoder: { readonly encoder_type: string } & PluginFields;
    /** Embeddings to predictions. */
    readonly head: { readonly head_type: string } & PluginFields;
  };
  /** Parameter-efficient fine-tuning. */
  readonly peft: { readonly method: string } & PluginFields;
  /** Metrics and targets. */
  readonly task: TaskFields & { readonly metrics: readonly string[] };
  /** The training loop. */
  readonly training: TrainingFields;
  /** How batches are read. */
  readonly dataloading: DataloadingFields;
  /** Optimizer and schedule. */
  readonly optimizer: OptimizerFields & {
    /** Key of the optimizer. */
    readonly name: string;
    /** Key of the schedule. */
    readonly scheduler: string;
  } & PluginFields;
  /** Where numbers go. */
  readonly logger: LoggerFields & { readonly backend: string | readonly string[] } & PluginFields;
}

/**
 * The fields of the tree that belong to no plugin, any of them left out.
 * @category Configs
 */
export interface ConfigFields extends Partial<RootFields> {
  /** Samples and targets. */
  readonly data?: Partial<DataFields>;
  /** What is between encoder and head. */
  readonly model?: Partial<ModelFields>;
  /** Metrics and targets. */
  readonly task?: Partial<TaskFields>;
  /** The training loop. */
  readonly training?: Partial<Omit<TrainingFields, "early_stopping">> & {
    /** When to stop before the last epoch; `null` is never. */
    readonly early_stopping?: Partial<EarlyStoppingFields> | null;
  };
  /** How batches are read. */
  readonly dataloading?: Partial<DataloadingFields>;
  /** Learning rate and weight decay. */
  readonly optimizer?: Partial<OptimizerFields>;
  /** Where numbers go. */
  readonly logger?: Partial<LoggerFields>;
}
