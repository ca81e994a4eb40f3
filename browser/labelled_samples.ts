/**
 * Samples with targets: which of them train and which are measured, and how many are right.
 * @module
 */
import { epochOrder } from "../engine/data/sampler.ts";
import { deriveSeed } from "../engine/random.ts";
import type { PageAbout } from "../jobs/export/page/about.ts";
import { THRESHOLD } from "../jobs/predict/prediction_table.ts";
import type { FeatureFile } from "./feature_file.ts";
import type { FileFacts } from "./services.ts";

/** Samples of a file. */
export interface Labelled {
  /** The file, which has targets. */
  readonly file: FeatureFile;
  /** Their indices. */
  readonly samples: Int32Array;
}

/** Samples that stand in for a validation file: every fifth one. */
const HELD_OUT = 5;

/**
 * Counts samples that are right: the class, or all labels of a sample.
 * @param scores `[samples, numClasses]`.
 * @param labelled The samples.
 * @param about What is known of the model.
 */
export function countRight(
  scores: Float32Array,
  { file: { facts }, samples }: Labelled,
  { numClasses, subtask }: PageAbout,
): number {
  if (subtask === "regression") return 0;
  const { labelWidth, labels } = facts;
  return samples.reduce((count, sample, at) => {
    const row = scores.subarray(at * numClasses, (at + 1) * numClasses);
    const targets = labels!.subarray(sample * labelWidth, (sample + 1) * labelWidth);
    const right = subtask === "multiclass"
      ? row.indexOf(Math.max(...row)) === targets[0]
      : row.every((score, index) => (score > THRESHOLD) === (targets[index] > THRESHOLD));
    return count + Number(right);
  }, 0);
}

/**
 * Adds up the mean absolute errors of samples.
 * @param scores `[samples, labelWidth]`.
 * @param labelled The samples.
 */
export function sumErrors(scores: Float32Array, { file: { facts }, samples }: Labelled): number {
  const { labels, labelWidth } = facts;
  return samples.reduce((sum, sample, at) => {
    let error = 0;
    for (let column = 0; column < labelWidth; column++) {
      error += Math.abs(scores[at * labelWidth + column] - labels![sample * labelWidth + column]);
    }
    return sum + error / labelWidth;
  }, 0);
}

/**
 * All samples of a file.
 * @param file The file.
 */
export function allSamples(file: FeatureFile): Labelled {
  return { file, samples: Int32Array.from({ length: file.facts.samples }, (_, at) => at) };
}

/**
 * Divides a file: a fifth of the samples, drawn by the seed, is measured; the others train.
 * @param file The file.
 * @param seed The seed.
 */
export function heldOut(file: FeatureFile, seed: number): { train: Labelled; val: Labelled } {
  const { samples } = allSamples(file);
  const order = epochOrder(samples, {
    seed: deriveSeed(seed, "held out"),
    epoch: 0,
    shuffle: true,
  });
  const part = (wanted: boolean) => ({
    file,
    samples: order.filter((_, at) => (at % HELD_OUT === 0) === wanted).sort(),
  });
  return { train: part(false), val: part(true) };
}

/**
 * Requires targets that fit a model.
 * @param file The file.
 * @param about What is known of the model.
 * @throws {Error} if there are none, or others.
 */
export function requireLabels({ facts }: FeatureFile, about: PageAbout): void {
  const { labels, name, samples } = facts;
  const fail = (state: string) => new Error(`Cannot train on "${name}": ${state}`);
  if (labels === undefined) throw fail('there is no dataset "labels"');
  if (samples < 2) throw fail("it has a single sample");
  const problem = labelProblem(facts, about);
  if (problem !== undefined) throw fail(problem);
}

/**
 * What keeps the targets of a file from being those of a model; nothing where they fit or are absent.
 * @param facts The file.
 * @param about What is known of the model.
 */
export function labelProblem(
  { labels, labelWidth }: FileFacts,
  { subtask, numClasses }: PageAbout,
): string | undefined {
  if (labels === undefined) return undefined;
  if (subtask !== "multiclass") {
    if (labelWidth === numClasses) return undefined;
    return `its labels have ${labelWidth} columns, the model has ${numClasses}`;
  }
  if (labelWidth !== 1) return "its labels are not one class per sample";
  const bad = labels.findIndex((label) =>
    !Number.isInteger(label) || label < 0 || label >= numClasses
  );
  if (bad < 0) return undefined;
  return `label ${bad} is ${labels[bad]}, the model has classes 0 to ${numClasses - 1}`;
}
