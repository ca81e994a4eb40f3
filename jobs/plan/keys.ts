/**
 * The plugins that plans choose, by their keys: with `registry/slots.ts` the only place outside of
 * the plugins that names any. What is not registered is not chosen.
 * @module
 */
import type { Subtask } from "../../registry/plugin.ts";
import type { Facts } from "./_facts.ts";
import type { Decision } from "./decision.ts";

/** Datasets whose missing options a plan finds. */
export const DATASETS = { slides: "slide_features", packed: "precomputed_features" } as const;

/** The encoder of features that are there already. */
export const ENCODER = "precomputed";

/** A head that a plan may choose. */
export interface HeadChoice {
  /** Its key. */
  readonly key: string;
  /** Why it. */
  readonly reason: string;
  /** Its options, with the reason of each. */
  readonly options?: (facts: Facts) => readonly Decision[];
}

/** CLAM's sizes are made for features of 1024 numbers; narrower ones need less. */
const NARROW = 384;
/** Instances with most and with least attention in CLAM's instance loss. */
const INSTANCES_OF_LOSS = 16;

/** Heads for samples of each kind, the best one first. */
export const HEADS: Readonly<Record<"bags" | "vectors", Readonly<Record<Subtask, HeadChoice[]>>>> =
  {
    bags: {
      multiclass: [{ key: "clam", reason: "attention over the instances of a bag", options: clam }],
      multilabel: [{ key: "clam", reason: "attention over the instances of a bag", options: clam }],
      regression: [
        { key: "abmil", reason: "attention over the instances of a bag, for numbers too" },
        { key: "mean_pool", reason: "the mean of a bag's instances, for numbers too" },
      ],
    },
    vectors: {
      multiclass: [{ key: "classification", reason: "one linear layer over each vector" }],
      multilabel: [{ key: "classification", reason: "one linear layer over each vector" }],
      regression: [{
        key: "regression",
        reason: "one linear layer over each vector",
        options: ({ numClasses }) => [
          { path: "out_dim", value: numClasses, reason: "one number for each target" },
        ],
      }],
    },
  };

function clam(facts: Facts): Decision[] {
  const { numClasses, subtask, embedDim, lengths } = facts;
  const binary = subtask === "multiclass" && numClasses === 2;
  const what = subtask === "multilabel" ? "labels" : "classes";
  const variant = binary
    ? { value: "sb", reason: "2 classes share one branch of attention" }
    : { value: "mb", reason: `a branch of attention for each of ${numClasses} ${what}` };
  const size = embedDim <= NARROW
    ? { value: "tiny", reason: `features of ${embedDim} numbers need no projection to 512` }
    : {
      value: "small",
      reason: `CLAM's size for features of about 1024 numbers, here ${embedDim}`,
    };
  const quarter = lengths!.at(0.25);
  const decisions: Decision[] = [
    { path: "variant", ...variant },
    { path: "size_arg", ...size },
    { path: "dropout", value: 0.25, reason: "CLAM's recipe" },
  ];
  if (subtask !== "multiclass" || quarter < 2 * INSTANCES_OF_LOSS) return decisions;
  const enough = `three quarters of the bags have ${quarter} instances or more`;
  return [
    ...decisions,
    {
      path: "instance_eval",
      value: true,
      reason: `CLAM's instance loss looks at ${INSTANCES_OF_LOSS} instances, ${enough}`,
    },
    { path: "instance_loss_weight", value: 0.43, reason: "CLAM's 0.3 beside 0.7 for the bag loss" },
  ];
}

/** Optimizer and schedule of each kind of samples. */
export const OPTIMIZERS = {
  bags: { name: "Adam", scheduler: "none" },
  vectors: { name: "AdamW", scheduler: "CosineAnneal" },
} as const;

/** What is measured. */
export const METRICS: Readonly<Record<Subtask, readonly string[]>> = {
  multiclass: ["auroc", "balanced_acc", "f1"],
  multilabel: ["ap", "auroc"],
  regression: ["mae", "mse"],
};
