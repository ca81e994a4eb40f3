/**
 * What a dataset promises. It is checked on real files, which its author names.
 * @module
 */
import { formatShape, sizeOf } from "../../engine/ir/dims.ts";
import type { Labels, Rows, Source, Split } from "../../engine/data/data.ts";
import { openSplitSource } from "../../engine/data/open_source.ts";
import { type Dataset, type ImageTransform, SPLIT_NAMES } from "../plugin.ts";
import { type Check, expect, type PluginUnderTest, sameValues } from "./plugin_under_test.ts";

/** Samples of a split that are read. */
const READ = 4;
/** Small images, for datasets that have some. */
const IMAGES: ImageTransform = {
  channels: 3,
  size: [8, 8],
  operations: [
    { op: "resize", size: [8, 8], interpolation: "bilinear" },
    { op: "normalize", mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
  ],
};

/** The same, half of them mirrored, others in every epoch. */
const RANDOM_IMAGES: ImageTransform = {
  ...IMAGES,
  operations: IMAGES.operations.toSpliced(1, 0, {
    op: "random_apply",
    probability: 0.5,
    operations: [{ op: "flip", axis: "horizontal" }],
  }),
};
/** Epochs that are read to see whether samples change. */
const EPOCHS = 6;

type DatasetUnderTest = PluginUnderTest<"dataset">;

/** Promises of datasets. */
export const datasetChecks: readonly Check<"dataset">[] = [
  { name: "tells what is predicted", check: async (subject) => checkTask(await create(subject)) },
  { name: "opens a training split, and others where it has them", check: checkSplits },
  { name: "gives every sample a target in range", check: eachSplit(checkLabels) },
  { name: "tells the same facts when opened again", check: checkAgain },
  { name: "reads the rows that its facts announce", check: eachSplit(checkRows) },
  { name: "reads samples in any order and company", check: eachSplit(checkOrder) },
  { name: "reads samples while others are on the way", check: eachSplit(checkAhead) },
  { name: "reads into memory that it is given", check: eachSplit(checkInto) },
  { name: "reads the instances that are asked for", check: eachSplit(checkInstances) },
  { name: "calls no samples fixed that change with the epoch", check: checkFixed },
];

async function create({ plugin, options, context }: DatasetUnderTest): Promise<Dataset> {
  const images = { train: IMAGES, eval: IMAGES };
  return await plugin.create(options, { dataRootDir: ".", images, ...context });
}

async function openSplits(dataset: Dataset): Promise<Split[]> {
  const splits: Split[] = [];
  for (const name of SPLIT_NAMES) {
    const split = await dataset.open(name);
    if (split) splits.push(split);
  }
  return splits;
}

function eachSplit(check: (split: Split, dataset: Dataset) => void | Promise<void>) {
  return async (subject: DatasetUnderTest) => {
    const dataset = await create(subject);
    for (const split of await openSplits(dataset)) await check(split, dataset);
  };
}

function checkTask(
  { task, subtask, numClasses, classNames }: Dataset,
): void {
  const kinds: readonly string[] = task === "Regression"
    ? ["regression"]
    : ["multiclass", "multilabel"];
  expect(task === "Regression" || task === "Classification", `its task is ${JSON.stringify(task)}`);
  expect(kinds.includes(subtask), `its task is ${task}, its subtask ${JSON.stringify(subtask)}`);
  expect(Number.isInteger(numClasses) && numClasses >= 1, `numClasses is ${numClasses}`);
  const names = classNames?.length ?? numClasses;
  expect(names === numClasses, `numClasses is ${numClasses}, with ${names} classNames`);
}

async function checkSplits(subject: DatasetUnderTest): Promise<void> {
  const dataset = await create(subject);
  expect(await dataset.open("train") !== undefined, "it has no training split");
  const splits = await openSplits(dataset);
  const [{ sampleShape, bagLengths }] = splits;
  for (const split of splits) {
    checkFacts(split);
    const shapes = `${formatShape(split.sampleShape)}, those to train on ${
      formatShape(sampleShape)
    }`;
    const alike = formatShape(split.sampleShape) === formatShape(sampleShape) &&
      (split.bagLengths === undefined) === (bagLengths === undefined);
    expect(alike, `samples of ${JSON.stringify(split.name)} are ${shapes}`);
  }
}

function checkFacts({ name, length, sampleShape, bagLengths, ids, source }: Split): void {
  expect(name !== "", "a split has no name");
  const at = JSON.stringify(name);
  expect(Number.isInteger(length) && length >= 1, `${at} has ${length} samples`);
  const sizes = sampleShape.every((size) => Number.isInteger(size) && size >= 1);
  expect(sizes && sampleShape.length > 0, `samples of ${at} are ${formatShape(sampleShape)}`);
  const bags = bagLengths?.length ?? length;
  expect(bags === length, `${at} has ${length} samples and ${bags} lengths of bags`);
  expect(bagLengths?.every((size) => size >= 1) ?? true, `${at} has empty bags`);
  expect((ids?.length ?? length) === length, `${at} has ${length} samples and ${ids?.length} ids`);
  expect(/^[a-z][a-z+.-]+:/i.test(source.module), `the module of ${at} is not a URL`);
  structuredClone(source);
}

function checkLabels(
  { name, length, labels }: Split,
  { subtask, numClasses }: Dataset,
): void {
  const at = JSON.stringify(name);
  const width = subtask === "multiclass" ? 1 : numClasses;
  const kind = subtask === "multiclass" ? Int32Array : Float32Array;
  expect(labels.width === width, `${at} has ${labels.width} targets per sample, expected ${width}`);
  expect(labels.values instanceof kind, `targets of ${at} are not an ${kind.name}`);
  const [found, wanted] = [labels.values.length, length * width];
  expect(found === wanted, `${at} has ${found} targets, expected ${wanted}`);
  const wrong = labels.values.findIndex((label: number) => !inRange(label, subtask, numClasses));
  expect(wrong < 0, `target ${wrong} of ${at} is ${labels.values[wrong]}`);
}

function inRange(label: number, subtask: Dataset["subtask"], classes: number): boolean {
  if (subtask === "regression") return Number.isFinite(label);
  return Number.isInteger(label) && label >= 0 && label < (subtask === "multilabel" ? 2 : classes);
}

async function checkAgain(subject: DatasetUnderTest): Promise<void> {
  const dataset = await create(subject);
  const first = await openSplits(dataset);
  const second = await openSplits(await create(subject));
  const third = await openSplits(dataset);
  for (const [index, split] of first.entries()) {
    for (const again of [second[index], third[index]]) {
      const same = facts(split) === facts(again);
      expect(same, `the facts of ${JSON.stringify(split.name)} differ when it is opened again`);
    }
  }
}

function facts({ name, length, sampleShape, bagLengths, labels, ids }: Split): string {
  const listed = (values: Labels["values"] | undefined) => values && Array.from(values);
  return JSON.stringify([
    name,
    length,
    sampleShape,
    ids,
    listed(bagLengths),
    listed(labels.values),
  ]);
}

/** The first samples of a split, or all. */
function firstSamples({ length }: Split): Int32Array {
  return Int32Array.from({ length: Math.min(READ, length) }, (_, index) => index);
}

async function withSource(split: Split, use: (source: Source) => Promise<void>): Promise<void> {
  const { name } = split;
  const source = await openSplitSource({ name, source: structuredClone(split.source) });
  try {
    await use(source);
  } finally {
    source.close();
  }
}

/** Lengths of the samples that were read, those left out not among them. */
function lengthsOf(split: Split, samples: Int32Array, { skipped = [] }: Rows): number[] {
  const left = new Set(skipped.map(({ position }) => position));
  return Array.from(samples).filter((_, position) => !left.has(position))
    .map((sample) => split.bagLengths?.[sample] ?? 1);
}

async function checkRows(split: Split): Promise<void> {
  const samples = firstSamples(split);
  await withSource(split, async (source) => {
    const rows = await source.read(samples);
    const wanted = lengthsOf(split, samples, rows);
    const size = sizeOf(split.sampleShape) * wanted.reduce((a, b) => a + b, 0);
    const at = JSON.stringify(split.name);
    const values = `${rows.features.length} values for ${samples.length} samples, expected ${size}`;
    expect(rows.features.length === size, `${at} gives ${values}`);
    expect(rows.features instanceof Float32Array, `${at} gives rows that are not Float32Array`);
    expect(rows.features.every(Number.isFinite), `${at} gives values that are not finite`);
    const lengths = rows.lengths && Array.from(rows.lengths);
    const announced = split.bagLengths && wanted;
    expect(String(lengths) === String(announced), `bags of ${at} are ${lengths}, not ${announced}`);
  });
}

async function checkOrder(split: Split): Promise<void> {
  const samples = firstSamples(split);
  await withSource(split, async (source) => {
    const together = await source.read(samples);
    if (together.skipped?.length) return;
    const width = sizeOf(split.sampleShape);
    const ends: number[] = [];
    for (const length of lengthsOf(split, samples, together)) {
      ends.push((ends.at(-1) ?? 0) + length * width);
    }
    for (const sample of samples.toReversed()) {
      const alone = await source.read(Int32Array.of(sample));
      const expected = together.features.subarray(ends[sample - 1] ?? 0, ends[sample]);
      const same = sameValues(alone.features, expected);
      expect(same, `sample ${sample} of ${JSON.stringify(split.name)} differs when read alone`);
    }
  });
}

async function checkAhead(split: Split): Promise<void> {
  const samples = Array.from(firstSamples(split), (sample) => Int32Array.of(sample));
  await withSource(split, async (source) => {
    const alone: Rows[] = [];
    for (const sample of samples) {
      const rows = await source.read(sample);
      alone.push({ ...rows, features: rows.features.slice() });
    }
    const ahead = await Promise.all(samples.map((sample) => source.read(sample)));
    for (const [index, { features }] of ahead.entries()) {
      const same = sameValues(features, alone[index].features);
      const at = `sample ${samples[index][0]} of ${JSON.stringify(split.name)}`;
      expect(same, `${at} differs when others are read at the same time`);
    }
  });
}

async function checkInto(split: Split): Promise<void> {
  const samples = firstSamples(split);
  await withSource(split, async (source) => {
    const expected = (await source.read(samples)).features;
    const into = new Float32Array(expected.length);
    const { features } = await source.read(samples, { into });
    const at = JSON.stringify(split.name);
    expect(features.buffer === into.buffer, `${at} reads into memory of its own`);
    expect(sameValues(features, expected), `${at} reads other values into given memory`);
  });
}

async function checkInstances(split: Split): Promise<void> {
  const { bagLengths, sampleShape } = split;
  if (bagLengths === undefined) return;
  const bag = bagLengths.reduce(
    (best, length, index) => length > bagLengths[best] ? index : best,
    0,
  );
  const last = bagLengths[bag] - 1;
  const wanted = Int32Array.from(new Set([0, last]));
  await withSource(split, async (source) => {
    const whole = await source.read(Int32Array.of(bag));
    const part = await source.read(Int32Array.of(bag), { instances: [wanted] });
    const width = sizeOf(sampleShape);
    const expected = Array.from(wanted).flatMap((row) =>
      Array.from(whole.features.subarray(row * width, (row + 1) * width))
    );
    const same = sameValues(part.features, expected) &&
      sameValues(part.lengths ?? [], [wanted.length]);
    expect(
      same,
      `bag ${bag} of ${JSON.stringify(split.name)} gives other instances than asked for`,
    );
  });
}

async function checkFixed({ plugin, options, context }: DatasetUnderTest): Promise<void> {
  const images = { train: RANDOM_IMAGES, eval: RANDOM_IMAGES };
  const dataset = await plugin.create(options, { dataRootDir: ".", ...context, images });
  for (const split of await openSplits(dataset)) {
    if (!split.fixed) continue;
    await withSource(split, async (source) => {
      const samples = firstSamples(split);
      const first = (await source.read(samples, { random: { seed: 0, epoch: 0 } })).features;
      const expected = first.slice();
      for (let epoch = 1; epoch < EPOCHS; epoch++) {
        const { features } = await source.read(samples, { random: { seed: 0, epoch } });
        const at = JSON.stringify(split.name);
        expect(
          sameValues(features, expected),
          `${at} is called fixed, and differs in epoch ${epoch}`,
        );
      }
    });
  }
}
