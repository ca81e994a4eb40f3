/**
 * The sections of the config tree, and the fields that each has besides the options of plugins:
 * types, defaults and descriptions.
 * @module
 */
import * as v from "valibot";
import type { AnySchema, Entries, EntriesOf } from "./schema.ts";
import type {
  DataFields,
  DataloadingFields,
  EarlyStoppingFields,
  LoggerFields,
  ModelFields,
  OptimizerFields,
  RootFields,
  TaskFields,
  TrainingFields,
} from "./tree.ts";

/** One section of the tree. */
export interface Section {
  /** Dotted path; empty for the tree itself. */
  readonly path: string;
  /** One sentence for `--help`. */
  readonly description: string;
  /** The section's own fields. */
  readonly entries: Entries;
}

function field<T>(schema: v.GenericSchema<unknown, T>, description: string) {
  return v.pipe(schema, v.description(description));
}

function orNull<T>(schema: v.GenericSchema<unknown, T>): v.GenericSchema<unknown, T | null> {
  return v.optional(v.nullable(schema), null);
}

function whole(min: number): v.GenericSchema<unknown, number> {
  return v.pipe(v.number(), v.integer(), v.minValue(min));
}

function flag(value: boolean): v.GenericSchema<unknown, boolean> {
  return v.optional(v.boolean(), value);
}

const fraction: v.GenericSchema<unknown, number> = v.pipe(
  v.number(),
  v.gtValue(0),
  v.maxValue(1),
);

/** GloViTa writes folds as text. */
const fold: v.GenericSchema<unknown, number> = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.digits(), v.toNumber())]),
  v.integer(),
  v.minValue(0),
);

const dataEntries: EntriesOf<DataFields> = {
  data_root_dir: field(orNull(v.string()), "Root directory of the dataset."),
  data_fraction: field(orNull(fraction), "Fraction of the training samples to keep."),
  stratified: field(flag(true), "Whether data_fraction keeps the proportions of the classes."),
  fold: field(orNull(fold), "Fold of a dataset that knows folds, counted from 0."),
  max_instances: field(
    orNull(whole(1)),
    "Most instances of a bag that a training step sees, drawn anew every epoch.",
  ),
};

const modelEntries: EntriesOf<ModelFields> = {
  feature_aggregation_method: field(
    v.optional(v.picklist(["cls_token", "avg", "sum", "mean_all", "joint"]), "cls_token"),
    "How an encoder's tokens become one embedding.",
  ),
};

const taskEntries: EntriesOf<TaskFields> = {
  metric_computation_mode: field(
    v.optional(v.picklist(["epochwise", "stepwise"]), "epochwise"),
    "Whether metrics are computed once over the epoch, or averaged over batches.",
  ),
  result_plot: field(orNull(v.picklist(["val", "all"])), "For which splits results are plotted."),
  label_smoothing: field(
    v.optional(v.pipe(v.number(), v.minValue(0), v.ltValue(1)), 0),
    "Label smoothing of the cross entropy.",
  ),
  mixup: field(flag(false), "Whether pairs of samples are mixed in training."),
  mixup_alpha: field(
    v.optional(v.pipe(v.number(), v.gtValue(0)), 0.2),
    "Parameter of the Beta distribution that mixup draws from.",
  ),
};

const earlyStopping: v.GenericSchema<unknown, EarlyStoppingFields> = v.strictObject({
  metric: field(
    orNull(v.string()),
    "Validation value that must get better; that of best.pt where not given.",
  ),
  patience: field(v.optional(whole(1), 20), "Epochs without a better value that end the run."),
  min_epochs: field(v.optional(whole(0), 0), "Epochs that are trained in any case."),
});

const trainingEntries: EntriesOf<TrainingFields> = {
  epochs: field(v.optional(whole(1), 20), "Number of epochs."),
  precision: field(
    v.optional(v.picklist(["no", "fp16", "bf16"]), "no"),
    "Mixed precision; no is float32.",
  ),
  gradient_accumulation_steps: field(
    v.optional(whole(1), 1),
    "Batches whose gradients make one update.",
  ),
  gradient_clip_val: field(
    orNull(v.pipe(v.number(), v.gtValue(0))),
    "Largest global norm of the gradients.",
  ),
  seed: field(orNull(whole(0)), "Seed of everything that is random."),
  enable_checkpointing: field(flag(true), "Whether last.pt and best.pt are written."),
  best_checkpoint_metric: field(
    orNull(v.string()),
    "Validation value that chooses best.pt; the first one logged where not given.",
  ),
  early_stopping: field(orNull(earlyStopping), "When to stop before the last epoch."),
  cluster_progress_bar: field(flag(false), "Whether progress is written as few plain lines."),
  cv_folds: field(v.optional(whole(1), 1), "Number of folds of a cross-validation; 1 is none."),
  num_sanity_val_steps: field(
    v.optional(whole(0), 0),
    "Validation batches to run before the first epoch.",
  ),
  init_checkpoint: field(orNull(v.string()), "Checkpoint to start from."),
  init_checkpoint_key: field(
    orNull(v.string()),
    "Dictionary in that file, or beginning of its names, that holds the weights.",
  ),
  resume: field(orNull(v.string()), "Run directory to continue, with the config it holds."),
  device: field(v.optional(v.picklist(["cpu", "cuda", "webgpu"]), "cpu"), "Where the graph runs."),
};

const dataloadingEntries: EntriesOf<
  Omit<DataloadingFields, "eval_batch_size"> & { readonly eval_batch_size: number | null }
> = {
  batch_size: field(v.optional(whole(1), 32), "Samples a training batch."),
  eval_batch_size: field(
    orNull(whole(1)),
    "Samples a validation or test batch; batch_size where not given.",
  ),
  num_workers: field(
    v.optional(whole(0), 1),
    "Threads that read data; 0 reads on the main thread.",
  ),
  prefetch_factor: field(v.optional(whole(1), 2), "Batches that each thread reads ahead."),
  drop_last_train: field(flag(false), "Whether an incomplete last training batch is dropped."),
  drop_last_eval: field(flag(false), "Whether an incomplete last evaluation batch is dropped."),
  shuffle_train: field(flag(true), "Whether training samples are shuffled every epoch."),
  weighted_sampling: field(
    flag(false),
    "Whether training draws samples, with replacement, so that all classes come up equally often.",
  ),
  shuffle_eval: field(flag(false), "Whether validation and test samples are shuffled."),
};

const optimizerEntries: EntriesOf<OptimizerFields> = {
  lr: field(v.optional(v.pipe(v.number(), v.gtValue(0)), 2e-5), "Base learning rate."),
  weight_decay: field(v.optional(v.pipe(v.number(), v.minValue(0)), 0.05), "Weight decay."),
  layer_wise_lr_decay: field(
    orNull(v.pipe(v.number(), v.gtValue(0), v.ltValue(1))),
    "Factor on the learning rate from layer to layer, from the head down.",
  ),
  undecay_norm: field(flag(false), "Whether norms and biases are left undecayed."),
};

const loggerEntries: EntriesOf<LoggerFields> = {
  group: field(
    orNull(v.pipe(v.string(), v.nonEmpty())),
    "Folder of the run below exp_dir/<dataset>; a name with date and models where not given.",
  ),
};

const rootEntries: EntriesOf<RootFields> = {
  exp_dir: field(v.optional(v.string(), "./experiments"), "Root directory of experiments."),
  add_log: field(
    v.optional(v.record(v.string(), v.unknown()), {}),
    "Metadata that only loggers see: --add_log.any.path value.",
  ),
};

/** The sections of the tree, in the order in which it is shown; a parent precedes its children. */
export const SECTIONS: readonly Section[] = [
  section("data", "Samples and targets", dataEntries),
  section("model", "Encoder, head, and what is between them", modelEntries),
  section("model.encoder", "Samples to embeddings", {}),
  section("model.head", "Embeddings to predictions", {}),
  section("peft", "Parameter-efficient fine-tuning", {}),
  section("task", "Metrics and targets", taskEntries),
  section("training", "The training loop", trainingEntries),
  section("dataloading", "How batches are read", dataloadingEntries),
  section("optimizer", "Optimizer and learning-rate schedule", optimizerEntries),
  section("logger", "Where a run's numbers go", loggerEntries),
  section("", "Everything else", rootEntries),
];

function section(
  path: string,
  description: string,
  entries: Readonly<Record<never, AnySchema>>,
): Section {
  return { path, description, entries };
}
