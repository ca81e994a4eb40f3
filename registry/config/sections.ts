/**
 * The sections of the config tree, and the fields that each has besides the options of plugins:
 * types, defaults and descriptions.
 * @module
 */
import * as v from "valibot";
import { AGGREGATION_METHODS } from "../../engine/nn/pooling.ts";
import { DEVICE_CHOICES } from "../../engine/runtime/session_options.ts";
import {
  choice,
  count,
  flag,
  group,
  map,
  nonNegative,
  type Option,
  option,
  type OptionEntries,
  path,
  positive,
  rate,
  required,
  text,
  whole,
} from "../options/mod.ts";
import { checkPathParts } from "./path_parts.ts";
import type { AnySchema, Entries } from "./schema.ts";
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

/** More threads than any machine has use for: a number above is a slip. */
export const MAX_WORKERS = 256;

/** GloViTa writes folds as text. */
const fold: Option<number> = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.digits(), v.toNumber())]),
  v.safeInteger(),
  v.minValue(0),
);

const dataEntries: OptionEntries<DataFields> = {
  data_root_dir: path(null, "Root directory of the dataset."),
  data_fraction: positive(null, "Fraction of the training samples to keep.", { max: 1 }),
  stratified: flag(true, "Whether data_fraction keeps the proportions of the classes."),
  fold: option(null, "Fold of a dataset that knows folds, counted from 0.", fold),
  max_instances: count(
    null,
    "Most instances of a bag that a training step sees, drawn anew every epoch.",
  ),
};

const modelEntries: OptionEntries<ModelFields> = {
  feature_aggregation_method: choice(
    "cls_token",
    "How an encoder's tokens become one embedding.",
    AGGREGATION_METHODS,
  ),
};

const taskEntries: OptionEntries<TaskFields> = {
  metric_computation_mode: choice(
    "epochwise",
    "Whether metrics are computed once over the epoch, or averaged over batches.",
    ["epochwise", "stepwise"],
  ),
  result_plot: choice(
    null,
    "For which splits figures are drawn at the end, into `plots/` of the run.",
    ["val", "all"],
  ),
  label_smoothing: rate(0, "Label smoothing of the cross entropy."),
  mixup: flag(false, "Whether pairs of samples are mixed in training."),
  mixup_alpha: positive(0.2, "Parameter of the Beta distribution that mixup draws from."),
  cutmix: flag(false, "Whether training images get a box of another image."),
  cutmix_alpha: positive(1, "Parameter of the Beta distribution that cutmix draws from."),
};

const earlyStoppingEntries: OptionEntries<EarlyStoppingFields> = {
  metric: text(null, "Validation value that must get better; that of best.pt where not given."),
  patience: count(20, "Epochs without a better value that end the run."),
  min_epochs: whole(0, "Epochs that are trained in any case."),
};

const trainingEntries: OptionEntries<TrainingFields> = {
  epochs: count(20, "Number of epochs."),
  precision: choice("no", "Mixed precision; no is float32.", ["no", "fp16", "bf16"]),
  gradient_accumulation_steps: count(1, "Batches whose gradients make one update."),
  gradient_clip_val: positive(null, "Largest global norm of the gradients."),
  seed: whole(null, "Seed of everything that is random."),
  enable_checkpointing: flag(true, "Whether last.pt and best.pt are written."),
  best_checkpoint_metric: text(
    null,
    "Validation value that chooses best.pt; the first one logged where not given.",
  ),
  early_stopping: group(null, "When to stop before the last epoch.", earlyStoppingEntries),
  cluster_progress_bar: flag(false, "Whether progress is written as few plain lines."),
  cv_folds: count(1, "Number of folds of a cross-validation; 1 is none.", { max: 1000 }),
  feature_cache: option(
    1e9,
    "Bytes of a frozen encoder's features that stay in memory, more go to a file; none computes " +
      "them anew every epoch.",
    v.nullable(whole(required, "")),
  ),
  num_sanity_val_steps: whole(0, "Validation batches to run before the first epoch."),
  train_steps_per_epoch: count(null, "Most updates of an epoch."),
  val_steps_per_epoch: count(
    null,
    "Most validation batches after an epoch; the whole split is then measured at the end.",
  ),
  init_checkpoint: path(null, "Checkpoint to start from."),
  init_checkpoint_key: text(
    null,
    "Dictionary in that file, or beginning of its names, that holds the weights.",
  ),
  resume: path(null, "Run directory to continue, with the config it holds."),
  resume_anyway: flag(false, "Whether that goes on although its data is not what it was."),
  device: choice("cpu", "Where the graph runs; auto is a GPU if there is one.", DEVICE_CHOICES),
  device_check: flag(
    true,
    "Whether the first batch is computed on the CPU as well, and a device that differs is refused.",
  ),
};

/** Without `eval_batch_size` a config is not resolved yet: then `batch_size` takes its place. */
type GivenLoading = Omit<DataloadingFields, "eval_batch_size"> & {
  readonly eval_batch_size: number | null;
};

const dataloadingEntries: OptionEntries<GivenLoading> = {
  batch_size: count(32, "Samples per training batch."),
  eval_batch_size: count(
    null,
    "Samples per validation or test batch; batch_size where not given.",
  ),
  num_workers: whole(1, "Threads that read data; 0 reads on the main thread.", {
    max: MAX_WORKERS,
  }),
  prefetch_factor: count(2, "Batches that each thread reads ahead."),
  drop_last_train: flag(false, "Whether an incomplete last training batch is dropped."),
  drop_last_eval: flag(false, "Whether an incomplete last evaluation batch is dropped."),
  shuffle_train: flag(true, "Whether training samples are shuffled every epoch."),
  weighted_sampling: flag(
    false,
    "Whether training draws samples, with replacement, so that all classes come up equally often.",
  ),
  shuffle_eval: flag(false, "Whether validation and test samples are shuffled."),
};

const optimizerEntries: OptionEntries<OptimizerFields> = {
  lr: positive(2e-5, "Base learning rate."),
  weight_decay: nonNegative(0.05, "Weight decay."),
  layer_wise_lr_decay: positive(
    null,
    "Factor on the learning rate from layer to layer, from the head down.",
    { below: 1 },
  ),
  undecay_norm: flag(false, "Whether norms and biases are left undecayed."),
};

const loggerEntries: OptionEntries<LoggerFields> = {
  group: text(
    null,
    "Folder of the run below exp_dir/<dataset>; a name with date and models where not given.",
    { check: checkPathParts },
  ),
};

const rootEntries: OptionEntries<RootFields> = {
  exp_dir: path("./experiments", "Root directory of experiments."),
  add_log: map({}, "Metadata that only loggers see: --add_log.any.path value."),
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
