/**
 * What a metric promises.
 * @module
 */
import { Random } from "../../engine/random.ts";
import type { Metric, MetricInput, MetricPlugin, ResampledMetric, TaskInfo } from "../plugin.ts";
import {
  type Check,
  expect,
  type PluginUnderTest,
  sameValues,
  tasksOf,
  unlessRefused,
} from "./plugin_under_test.ts";

const SAMPLES = 40;
/** More classes than any top-k looks at. */
const TASKS = tasksOf(7, 2);
/** Rounding that sums in another order may make. */
const TOLERANCE = 1e-9;

type MetricUnderTest = PluginUnderTest<"metric">;
type Values = Readonly<Record<string, number>>;

/** Promises of metrics. */
export const metricChecks: readonly Check<"metric">[] = [
  { name: "accepts the targets that it names, and refuses others", check: checkTargets },
  { name: "gives finite values under steady names", check: eachTask(checkValues) },
  { name: "does not depend on order, batches and other splits", check: eachTask(checkDivision) },
  { name: "resamples as its accumulator does", check: eachTask(checkResampler) },
  { name: "leaves its input alone, and does not keep it", check: eachTask(checkInput) },
  { name: "rates right predictions above wrong ones", check: eachTask(checkDirection) },
  { name: "takes multilabel targets between 0 and 1", check: eachTask(checkSoftTargets) },
];

function eachTask(check: (metric: Metric, input: MetricInput) => void) {
  return (subject: MetricUnderTest) => {
    for (const task of tasks(subject)) {
      const metric = create(subject, task);
      if (metric) check(metric, sampleInput(task));
    }
  };
}

function tasks({ context }: MetricUnderTest): readonly TaskInfo[] {
  return "subtask" in context ? [{ ...TASKS[0], ...context }] : TASKS;
}

function create({ plugin, options }: MetricUnderTest, task: TaskInfo): Metric | undefined {
  return unlessRefused(() => plugin.create(options, task));
}

function checkTargets(subject: MetricUnderTest): void {
  const { subtasks } = subject.plugin as MetricPlugin;
  const accepted = tasks(subject).filter((task) => create(subject, task) !== undefined)
    .map(({ subtask }) => subtask);
  expect(accepted.length > 0, "it refuses all targets");
  if (subtasks === undefined) return;
  const wrong = tasks(subject).map(({ subtask }) => subtask).filter((subtask) =>
    subtasks.includes(subtask) !== accepted.includes(subtask)
  );
  expect(wrong.length === 0, `its subtasks are ${subtasks}, it accepts ${accepted}`);
}

/** Predictions as of a model that has learnt something, with every class among the targets. */
function sampleInput(task: TaskInfo): MetricInput {
  const random = new Random(11);
  const width = task.numClasses;
  const noise = () => random.float();
  const classes = Int32Array.from({ length: SAMPLES }, (_, index) => index % width);
  const positive = Float32Array.from({ length: SAMPLES * width }, () => random.integer(2));
  switch (task.subtask) {
    case "multiclass":
      return input(
        task,
        rows(width, (sample, column) => {
          return noise() + (classes[sample] === column ? 0.6 : 0);
        }),
        classes,
      );
    case "multilabel":
      return input(task, positive.map((label) => 0.25 * label + 0.7 * noise()), positive);
    case "regression": {
      const values = positive.map(() => random.normal());
      return input(task, values.map((value) => value + noise()), values);
    }
  }
}

function input(
  task: TaskInfo,
  scores: Float32Array,
  labels: MetricInput["labels"],
): MetricInput {
  return { ...task, count: SAMPLES, scores, labels };
}

/** Rows of scores that sum to 1. */
function rows(width: number, score: (sample: number, column: number) => number): Float32Array {
  const scores = new Float32Array(SAMPLES * width);
  for (let sample = 0; sample < SAMPLES; sample++) {
    const row = Array.from({ length: width }, (_, column) => score(sample, column));
    const sum = row.reduce((a, b) => a + b, 0);
    scores.set(row.map((value) => value / sum), sample * width);
  }
  return scores;
}

/** Some of the samples, in the order that is asked for. */
function pick(from: MetricInput, samples: readonly number[]): MetricInput {
  const { count, numClasses, scores, labels } = from;
  const take = <T extends Float32Array | Int32Array>(values: T, width: number): T => {
    const taken = values.slice(0, samples.length * width) as T;
    for (const [at, sample] of samples.entries()) {
      taken.set(values.subarray(sample * width, (sample + 1) * width), at * width);
    }
    return taken;
  };
  return {
    ...from,
    count: samples.length,
    scores: take(scores, numClasses),
    labels: take(labels, labels.length / count),
  };
}

function compute(metric: Metric, ...batches: readonly MetricInput[]): Values {
  const accumulator = metric.accumulator();
  for (const batch of batches) accumulator.update(batch);
  return accumulator.compute();
}

function checkValues(metric: Metric, all: MetricInput): void {
  expect(
    typeof metric.higherIsBetter === "boolean",
    "higherIsBetter is neither true nor false",
  );
  const values = compute(metric, all);
  const names = Object.keys(values);
  expect(names.length > 0, `it gives no value for ${all.subtask} targets`);
  for (const [name, value] of Object.entries(values)) {
    expect(/^\w+$/.test(name), `a value is called ${JSON.stringify(name)}, expected one word`);
    expect(Number.isFinite(value), `${name} is ${value} for ${all.subtask} targets`);
  }
  const fewer = Object.keys(compute(metric, pick(all, [0, 1])));
  const listed = `values are called ${names}, for two samples ${fewer}`;
  expect(String(fewer) === String(names), listed);
}

function expectSame(values: Values, expected: Values, when: string): void {
  for (const [name, value] of Object.entries(expected)) {
    const near = Math.abs(values[name] - value) <= TOLERANCE * Math.max(1, Math.abs(value));
    expect(near || Object.is(values[name], value), `${name} is ${value}, ${when} ${values[name]}`);
  }
}

function checkDivision(metric: Metric, all: MetricInput): void {
  const expected = compute(metric, all);
  const order = Array.from(
    new Random(3).shuffle(Int32Array.from({ length: SAMPLES }, (_, i) => i)),
  );
  expectSame(compute(metric, pick(all, order)), expected, "in another order");
  const batches = [order.slice(0, 1), order.slice(1, 18), order.slice(18)];
  const parts = batches.map((samples) => pick(all, samples));
  expectSame(compute(metric, ...parts), expected, "in three batches");
  const accumulator = metric.accumulator();
  accumulator.update(parts[0]);
  accumulator.compute();
  for (const part of parts.slice(1)) accumulator.update(part);
  expectSame(accumulator.compute(), expected, "asked for in between");
  const [first, second] = parts.map((part) => compute(metric, part));
  const [one, other] = [metric.accumulator(), metric.accumulator()];
  one.update(parts[0]);
  other.update(parts[1]);
  expectSame(one.compute(), first, "beside another accumulator");
  expectSame(other.compute(), second, "beside another accumulator");
}

function checkResampler(metric: Metric, all: MetricInput): void {
  const resample = (metric as ResampledMetric).resampler?.(all);
  if (resample === undefined) return;
  const random = new Random(5);
  // The last resample holds samples of one class only.
  for (const distinct of [SAMPLES, SAMPLES / 2, 1]) {
    const drawn = Array.from({ length: SAMPLES }, () => random.integer(distinct));
    const counts = new Int32Array(SAMPLES);
    for (const sample of drawn) counts[sample]++;
    const expected = compute(metric, pick(all, drawn));
    const values = resample(counts);
    const [names, wanted] = [values, expected].map((each) => String(Object.keys(each)));
    expect(names === wanted, `values of a resample are called ${names}, expected ${wanted}`);
    expectSame(values, expected, "of a resample");
  }
}

function checkInput(metric: Metric, all: MetricInput): void {
  const copy = { ...all, scores: all.scores.slice(), labels: all.labels.slice() };
  const accumulator = metric.accumulator();
  accumulator.update(copy);
  const values = accumulator.compute();
  const same = sameValues(copy.scores, all.scores) && sameValues(copy.labels, all.labels);
  expect(same, "it changes the arrays of the batch");
  copy.scores.fill(0.5);
  copy.labels.fill(0);
  expectSame(accumulator.compute(), values, "when the batch's arrays are used again");
}

function checkDirection(metric: Metric, all: MetricInput): void {
  const [right, wrong] = [true, false].map((good) =>
    compute(metric, { ...all, scores: predictions(all, good) })
  );
  const sign = metric.higherIsBetter ? 1 : -1;
  const gains = Object.keys(right).map((name) => sign * (right[name] - wrong[name]));
  const values = `${JSON.stringify(right)}, wrong ones ${JSON.stringify(wrong)}`;
  const order = `higherIsBetter is ${metric.higherIsBetter}`;
  const better = gains.every((gain) => gain >= 0) && gains.some((gain) => gain > 0);
  expect(better, `right predictions get ${values}, ${order}`);
}

function checkSoftTargets(metric: Metric, all: MetricInput): void {
  if (all.subtask !== "multilabel") return;
  const labels = Float32Array.from(all.labels, (label) => 0.1 + 0.8 * label);
  let values: Values;
  try {
    values = compute(metric, { ...all, labels });
  } catch (error) {
    throw new Error(`it refuses targets of 0.1 and 0.9: ${String(error)}`, { cause: error });
  }
  if (metric.targetThreshold === undefined) return;
  expectSame(values, compute(metric, all), "for targets beyond its targetThreshold");
}

/** Predictions that are all right, or all wrong. */
function predictions(
  { subtask, numClasses, labels }: MetricInput,
  good: boolean,
): Float32Array {
  switch (subtask) {
    case "multiclass":
      return rows(numClasses, (sample, column) => (labels[sample] === column) === good ? 1 : 0.01);
    case "multilabel":
      return Float32Array.from(labels, (label) => (label === 1) === good ? 0.9 : 0.1);
    case "regression":
      return Float32Array.from(labels, (label) => good ? label : -3 * label - 1);
  }
}
