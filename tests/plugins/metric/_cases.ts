/**
 * Batches with torchmetrics' answers, and how metrics are computed from them.
 * @module
 */
import type { MetricInput, MetricPlugin, Subtask, TaskInfo } from "../../../registry/plugin.ts";
import type { NoOptions } from "../../../registry/options/mod.ts";
import { goldenJson, goldenTensors } from "../../_golden.ts";

/** A batch and what torchmetrics says about it; `null` stands for NaN. */
export interface Case {
  /** What the batch is like. */
  readonly name: string;
  /** Predictions and targets. */
  readonly input: MetricInput;
  /** Values by logged name. */
  readonly expected: Readonly<Record<string, number | null>>;
}

/** Values by name; `F1_per_class` has several. */
type GoldenAnswers = Readonly<Record<string, number | readonly number[]>>;

interface RandomFile {
  readonly cases: readonly {
    readonly name: string;
    readonly subtask: Subtask;
    readonly num_classes: number;
    readonly scores: readonly number[];
    readonly labels: readonly number[];
    readonly expected: Case["expected"];
  }[];
  readonly generated: {
    readonly seed: number;
    readonly num_classes: number;
    readonly count: number;
    readonly expected: Case["expected"];
  };
}

interface MoreFile {
  readonly golden: Readonly<Record<Subtask, Case["expected"]>>;
  readonly random: readonly Case["expected"][];
  readonly generated: Case["expected"];
  readonly cases: RandomFile["cases"];
}

/** What scikit-learn and torchmetrics say of the same batches, and of more. */
const more = goldenJson<MoreFile>("metrics_more.json");

/** All ways to encode targets. */
export const SUBTASKS = ["multiclass", "multilabel", "regression"] as const;

/**
 * Makes a multilabel batch with targets from 0 to 1.
 * @param numClasses Labels of a sample.
 * @param scores Scores, row-major.
 * @param targets Targets.
 */
export function soft(
  numClasses: number,
  scores: Iterable<number>,
  targets: Iterable<number>,
): MetricInput {
  return { ...batch("multilabel", numClasses, scores, []), labels: Float32Array.from(targets) };
}

/**
 * Makes a batch; for regression labels become `Float32Array`.
 * @param subtask How targets are encoded.
 * @param num_classes Width of a row of scores.
 * @param scores Scores, row-major.
 * @param labels Targets.
 */
export function batch(
  subtask: Subtask,
  num_classes: number,
  scores: Iterable<number>,
  labels: Iterable<number>,
): MetricInput {
  const rows = Float32Array.from(scores);
  return {
    ...taskOf(subtask, num_classes),
    count: rows.length / num_classes,
    scores: rows,
    labels: subtask === "regression" ? Float32Array.from(labels) : Int32Array.from(labels),
  };
}

/**
 * Computes a metric from one batch.
 * @param plugin The metric.
 * @param input Predictions and targets.
 */
export function compute(
  plugin: MetricPlugin<NoOptions>,
  input: MetricInput,
): Readonly<Record<string, number>> {
  const accumulator = plugin.create({}, input).accumulator();
  accumulator.update(input);
  return accumulator.compute();
}

/**
 * Cuts a batch into several.
 * @param input Predictions and targets.
 * @param sizes Samples of each part, over and over until all samples are used.
 */
export function split(input: MetricInput, sizes: readonly number[]): MetricInput[] {
  const rows = [...Array(input.count).keys()];
  const parts: MetricInput[] = [];
  for (let from = 0; from < rows.length;) {
    const size = sizes[parts.length % sizes.length];
    parts.push(pickRows(input, rows.slice(from, from + size)));
    from += size;
  }
  return parts;
}

/**
 * Makes reproducible numbers.
 * @param seed Where to start.
 * @returns Draws from 0 to 2^24 - 1, which float32 holds exactly.
 */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
}

/** The batches of `metrics.safetensors`; class 5 of the multiclass one never occurs. */
export function goldenCases(): Case[] {
  const tensors = goldenTensors("metrics.safetensors");
  const answers = goldenJson<Record<Subtask, GoldenAnswers>>("metrics.json");
  const parts = {
    multiclass: [6, tensors.probs, tensors.labels],
    multilabel: [6, tensors.ml_probs, tensors.ml_labels],
    regression: [1, tensors.reg_pred, tensors.reg_true],
  } as const;
  return SUBTASKS.map((subtask) => {
    const expected = Object.fromEntries(
      Object.entries(answers[subtask]).flatMap(([name, value]) =>
        typeof value === "number"
          ? [[name, value]]
          : value.map((each, c) => [`F1_class_${c}`, each])
      ),
    );
    const [num_classes, scores, labels] = parts[subtask];
    const input = batch(subtask, num_classes, scores.data, labels.data);
    return {
      name: `golden ${subtask}`,
      input,
      expected: { ...expected, ...more.golden[subtask] },
    };
  });
}

/**
 * The batches of `metrics_random.json` and `metrics_more.json`: ties, absent classes, single samples
 * and the like.
 */
export function randomCases(): Case[] {
  const { cases, generated } = goldenJson<RandomFile>("metrics_random.json");
  return [
    ...cases.map((each, at) => caseOf({ ...each, ...expecting(each, more.random[at]) })),
    ...more.cases.map(caseOf),
    generatedCase({ ...generated, ...expecting(generated, more.generated) }),
  ];
}

/**
 * Facts about targets.
 * @param subtask How targets are encoded.
 * @param num_classes Width of a row of scores.
 */
export function taskOf(subtask: Subtask, num_classes: number): TaskInfo {
  return {
    task: subtask === "regression" ? "Regression" : "Classification",
    subtask,
    numClasses: num_classes,
  };
}

/**
 * Picks samples.
 * @param input Predictions and targets.
 * @param rows Which samples, in which order.
 */
export function pickRows(input: MetricInput, rows: readonly number[]): MetricInput {
  const { subtask, numClasses, scores, labels } = input;
  const pick = (values: MetricInput["labels"], width: number) =>
    rows.flatMap((row) => [...values.subarray(row * width, (row + 1) * width)]);
  const width = subtask === "multiclass" ? 1 : numClasses;
  return batch(subtask, numClasses, pick(scores, numClasses), pick(labels, width));
}

function expecting({ expected }: Pick<Case, "expected">, others: Case["expected"]) {
  return { expected: { ...expected, ...others } };
}

function caseOf(
  { name, subtask, num_classes, scores, labels, expected }: RandomFile["cases"][number],
): Case {
  return { name, input: batch(subtask, num_classes, scores, labels), expected };
}

function generatedCase({ seed, num_classes, count, expected }: RandomFile["generated"]): Case {
  const draw = generator(seed);
  const labels: number[] = [];
  const scores: number[] = [];
  for (let i = 0; i < count; i++) {
    const label = Math.floor(draw() * num_classes / 2 ** 24);
    const row = Array.from({ length: num_classes }, draw);
    row[label] = Math.max(row[label], draw());
    labels.push(label);
    for (const score of row) scores.push(score / 2 ** 24);
  }
  return { name: "generated", input: batch("multiclass", num_classes, scores, labels), expected };
}
