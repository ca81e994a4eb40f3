/**
 * How a plan sets numbers: a rule for each, which says why.
 */
import { METRICS, OPTIMIZERS } from "./keys.ts";
import type { Facts } from "./_facts.ts";
import type { Decision } from "./decision.ts";

/** Memory that the instances of a step may take. */
const STEP_BYTES = 1e9;
/**
 * Memory of a training step of CLAM (small), for each instance: measured with widths of 256, 1024 and
 * 2048 and 5,000 to 38,000 instances (17, 25 and 38 kB), and the batches that are read ahead.
 */
const bytesPerInstance = (embedDim: number) => 14_000 + 24 * embedDim;
/** Bags of which the gradients of a step are the mean, at most: recipes for bags use few. */
const MOST_BAGS = 16;
/** Longest bags below this cost little, whatever the others are. */
const LONG_BAG = 2048;
/** Classes that differ by more than this factor are uneven. */
const UNEVEN = 1.5;
/** With fewer validation samples in a class, a rank-based metric has few values. */
const ENOUGH_TO_RANK = 20;
/** Updates that a run makes, within the bounds of its epochs: a rule of thumb, not a measurement. */
const UPDATES = 2000;

/** What the recipe needs to know besides the headers. */
export interface RecipeInput extends Facts {
  /** Mean size of a value of vectors. */
  readonly scale?: number;
  /** Plugins that are there, by slot. */
  readonly has: (slot: "metric" | "optimizer" | "scheduler", key: string) => boolean;
}

/**
 * Decides everything but data, head and encoder.
 * @param facts What is known.
 */
export function recipe(facts: RecipeInput): Decision[] {
  const most = mostInstances(facts);
  const batch = batchSize(facts, most?.value);
  return [
    ...most ? [most] : [],
    batch,
    ...evaluationBatch(facts, batch.value),
    ...sampling(facts),
    ...optimizer(facts),
    ...epochs(facts, batch.value),
    ...selection(facts),
    { path: "training.seed", value: 0, reason: "the run can be repeated" },
  ];
}

type NumberDecision = Decision & { readonly value: number };

const count = (number: number) => number.toLocaleString("en");

/** Part of the longest bags that a step sees, where they are far longer than the others. */
function mostInstances({ lengths }: Facts): NumberDecision | undefined {
  if (!lengths) return undefined;
  const [median, most] = [lengths.at(0.5), lengths.at(0.95)];
  const { longest } = lengths;
  if (longest < LONG_BAG || longest <= 4 * median || most === longest) return undefined;
  return {
    path: "data.max_instances",
    value: most,
    reason: `the longest bag has ${count(longest)} instances, half of the bags at most ` +
      `${count(median)}; 95% of them stay whole`,
  };
}

/** The largest power of two that is not above a number, at least 1. */
function powerOfTwo(number: number): number {
  return 2 ** Math.max(0, Math.floor(Math.log2(Math.max(1, number))));
}

function batchSize({ lengths, samples, embedDim }: Facts, most?: number): NumberDecision {
  const path = "dataloading.batch_size";
  if (!lengths) {
    const value = Math.max(8, Math.min(256, powerOfTwo(samples.train / 32)));
    const reason = `about 32 updates an epoch from ${count(samples.train)} samples, 8 to 256`;
    return { path, value: Math.min(value, samples.train), reason };
  }
  const mean = lengths.mean(most);
  const held = STEP_BYTES / bytesPerInstance(embedDim);
  const value = Math.min(MOST_BAGS, powerOfTwo(held / mean), powerOfTwo(samples.train / 64));
  const reason =
    `about 64 updates an epoch from ${count(samples.train)} bags, 1 to ${MOST_BAGS}; ` +
    `1 GB holds ${count(roundTo(held, 2))} instances, a bag has ${count(Math.round(mean))}`;
  return { path, value, reason };
}

function evaluationBatch({ lengths, longest, embedDim }: Facts, batch: number): Decision[] {
  if (!lengths) return [];
  const held = STEP_BYTES / bytesPerInstance(embedDim);
  const value = Math.min(Math.max(batch, MOST_BAGS), powerOfTwo(held / longest));
  const reason = `bags are whole in evaluation, the longest has ${count(longest)} instances`;
  return [{ path: "dataloading.eval_batch_size", value, reason }];
}

function sampling({ classes, classNames }: Facts): Decision[] {
  if (!classes) return [];
  const { train } = classes;
  const [least, most] = [Math.min(...train), Math.max(...train)];
  const name = (value: number) => {
    const index = train.indexOf(value);
    return classNames?.[index] ?? `class ${index}`;
  };
  const value = most > UNEVEN * least;
  const reason = value
    ? `${name(most)} has ${count(most)} training samples, ${name(least)} ${count(least)}`
    : `classes are even: ${count(least)} to ${count(most)} training samples each`;
  return [{ path: "dataloading.weighted_sampling", value, reason }];
}

function optimizer({ lengths, embedDim, scale, has }: RecipeInput): Decision[] {
  const { name, scheduler } = OPTIMIZERS[lengths ? "bags" : "vectors"];
  const keys = [
    ...has("optimizer", name) ? [{ path: "optimizer.name", value: name }] : [],
    ...has("scheduler", scheduler) ? [{ path: "optimizer.scheduler", value: scheduler }] : [],
  ];
  if (lengths) {
    return [
      ...keys.map((key) => ({ ...key, reason: "CLAM's recipe" })),
      { path: "optimizer.lr", value: 2e-4, reason: "CLAM's recipe" },
      { path: "optimizer.weight_decay", value: 1e-5, reason: "CLAM's recipe" },
    ];
  }
  const size = scale && scale > 0 ? scale : 1;
  const lr = Math.min(0.1, roundTo(0.1 / (embedDim * size), 1));
  return [
    ...keys.map((key) => ({ ...key, reason: "the usual way to train one layer" })),
    {
      path: "optimizer.lr",
      value: lr,
      reason: `a step moves a logit by about 0.1: ${embedDim} values of mean size ${
        roundTo(size, 2)
      }`,
    },
    { path: "optimizer.weight_decay", value: 0.01, reason: "PyTorch's default, for one layer" },
  ];
}

/** A number with so many digits that count. */
function roundTo(number: number, digits: number): number {
  return Number(number.toPrecision(digits));
}

function epochs({ lengths, samples }: Facts, batch: number): Decision[] {
  const updates = Math.ceil(samples.train / batch);
  const wanted = Math.ceil(UPDATES / updates / 10) * 10;
  const least = lengths ? 40 : 20;
  const value = Math.min(100, Math.max(least, wanted));
  const made = `${count(updates)} updates an epoch, about ${
    count(UPDATES)
  } wanted, ${least} to 100`;
  const decided = { path: "training.epochs", value, reason: `${made} epochs` };
  if (!lengths) {
    const warmup = { path: "optimizer.warmup_epochs", value: Math.floor(value / 10) };
    return [decided, { ...warmup, reason: "a tenth of the epochs" }];
  }
  return [
    decided,
    {
      path: "training.early_stopping.patience",
      value: value <= 50 ? 10 : 20,
      reason: "CLAM's 20, or 10 in a short run",
    },
    {
      path: "training.early_stopping.min_epochs",
      value: Math.floor(value / 4),
      reason: "a quarter of the epochs, as CLAM's 50 of 200",
    },
  ];
}

/** What is measured, and what chooses the best epoch. */
function selection({ subtask, classes, samples, has }: RecipeInput): Decision[] {
  const metrics = METRICS[subtask].filter((key) => has("metric", key));
  const measured = metrics.length === 0 ? [] : [
    { path: "task.metrics", value: metrics, reason: `what is usually told of ${WORDS[subtask]}` },
  ];
  const fewest = classes ? Math.min(...classes.val) : Math.floor(samples.val / 2);
  const ranks = metrics.includes("auroc") && fewest >= ENOUGH_TO_RANK;
  const each = classes ? " in the smallest class" : "";
  const reason = subtask === "regression"
    ? "the error that is trained"
    : ranks
    ? `${count(fewest)} validation samples${each} are enough to rank`
    : `${count(fewest)} validation samples${each} are few: AUROC reaches 1 and tells no more`;
  const value = ranks ? "val_AUROC" : "val_loss";
  return [...measured, { path: "training.best_checkpoint_metric", value, reason }];
}

const WORDS = {
  multiclass: "classes",
  multilabel: "several labels",
  regression: "predicted numbers",
} as const;
