/**
 * Inspects a packed feature file: features and labels of all samples of a split.
 * @module
 */
import { DataError } from "../../engine/errors.ts";
import { type FeatureFile, openFeatureFile } from "../../engine/features/feature_file.ts";
import { attempt } from "../../engine/slides/refuse.ts";
import { Hdf5File } from "../../engine/storage/hdf5/hdf5.ts";
import { type Context, counted, Lines } from "./_context.ts";
import { classNamesOf, type Hdf5Facts, hdf5Facts, textsOf } from "./hdf5_facts.ts";
import type { FeatureFileInspection } from "./inspection.ts";
import { spreadOf } from "./spread.ts";
import { type CountedSample, targetFacts } from "./targets.ts";
import { type FileScan, scanValues } from "./value_scan.ts";

/**
 * Inspects a file.
 * @param path The file, which is HDF5.
 * @param context How it is read.
 * @returns What it is, and why training would refuse it.
 */
export async function inspectFeatureFile(
  path: string,
  context: Context,
): Promise<FeatureFileInspection> {
  const problems = new Lines();
  using file = await Hdf5File.open(path);
  const facts = await hdf5Facts(file);
  const opened = await attempt(() => openFeatureFile(path, context.features), problems.refuse);
  const notices = [...opened?.notices ?? []];
  const base = { kind: "feature_file", path, ...facts } as const;
  const scan = await scanFile(file, context, problems);
  if (opened === undefined) {
    notices.push(...labelNotices(facts, context));
    return { ...base, ...scan, problems: problems.list, notices };
  }
  const { layout, dtype, embedDim, length, bagLengths } = opened;
  const names = classNamesOf(facts.attributes);
  problems.add(...classProblems(opened, context, names));
  const patients = textsOf(file, "patient_ids");
  notices.push(...idNotices(file, length));
  return {
    ...base,
    ...{ layout, dtype, embedDim, samples: length },
    ...(bagLengths && { instances: spreadOf(bagLengths) }),
    targets: targetsOf(opened, context, { names, patients }),
    ...scan,
    problems: problems.list,
    notices,
  };
}

/** Reads all features, also of a file whose labels or bags are wrong. */
async function scanFile(
  file: Hdf5File,
  { scan, features: { feature_key = "features" }, signal, onProgress }: Context,
  problems: Lines,
): Promise<{ readonly scan?: Omit<FileScan, "problem"> }> {
  const { path } = file;
  if (!scan || file.kindOf(feature_key) !== "dataset") return {};
  const found = await attempt(async () => {
    const features = await file.dataset(feature_key);
    const { rows, rowSize: width, header: { shape } } = features;
    if (shape.length < 2 || rows * width === 0) return undefined;
    features.expectStored(rows);
    return await scanValues({
      ...{ path, key: feature_key, rows, width },
      read: (ranges, target) => features.gather(ranges, target),
    }, { signal, onRows: (done) => onProgress({ step: "values", path, done, total: rows }) });
  }, problems.refuse);
  if (found === undefined) return {};
  const { problem, ...rest } = found;
  if (problem !== undefined) problems.add(problem);
  return { scan: rest };
}

/** Several targets per sample are wrong for one kind of labels only. */
function labelNotices(
  { datasets }: Hdf5Facts,
  { features: { labels = "class", label_key = "labels" } }: Context,
): string[] {
  const found = datasets.find(({ name }) => name === label_key);
  if (labels !== "class" || found?.shape.length !== 2) return [];
  return [
    `labels of ${counted(found.shape[1], "column")} are for data.subtask multilabel or regression`,
  ];
}

/** Classes beyond those that are given. */
function classProblems(
  { path, labels }: FeatureFile,
  { features: { labels: kind = "class", label_key = "labels" }, numClasses }: Context,
  names: readonly string[] | undefined,
): string[] {
  if (kind !== "class") {
    if (numClasses === undefined || labels.width === numClasses) return [];
    const state = `has ${counted(labels.width, "target")} per sample, data.num_classes is`;
    return [`Cannot use "${path}": dataset "${label_key}" ${state} ${numClasses}`];
  }
  const most = numClasses ?? names?.length;
  const index = most === undefined ? -1 : labels.values.findIndex((label) => label >= most);
  if (index < 0) return [];
  const given = numClasses === undefined ? "class_names has" : "data.num_classes is";
  const state = `holds class ${labels.values[index]} at ${index}, ${given} ${most}`;
  return [`Cannot use "${path}": dataset "${label_key}" ${state}`];
}

function targetsOf(
  { length, labels: { values, width } }: FeatureFile,
  { features: { labels: kind = "class" }, numClasses = 0 }: Context,
  { names = [], patients }: {
    readonly names?: readonly string[];
    readonly patients?: readonly string[];
  },
) {
  const samples = Array.from({ length }, (_, at): CountedSample => ({
    targets: values.subarray(at * width, (at + 1) * width),
    ...(patients && { patient: patients[at] }),
  }));
  const nameOf = (at: number) => names[at] ?? String(at);
  if (kind !== "class") {
    return targetFacts(samples, {
      subtask: kind,
      names: Array.from({ length: width }, (_, at) => nameOf(at)),
    });
  }
  // Classes that somebody names, and those that occur.
  const known = Array.from({ length: Math.max(numClasses, names.length) }, (_, at) => at);
  const classes = [...new Set([...known, ...values])].sort((a, b) => a - b);
  const places = new Map(classes.map((label, at) => [label, at]));
  const placed = samples.map((sample) => ({
    ...sample,
    targets: [places.get(sample.targets[0])!],
  }));
  return targetFacts(placed, { subtask: "multiclass", names: classes.map(nameOf) });
}

/** Names of samples that are not as many as samples, or come more than once. */
function idNotices(file: Hdf5File, length: number): string[] {
  const ids = textsOf(file, "sample_ids");
  if (ids === undefined) return [];
  if (ids.length !== length) {
    return [`"sample_ids" has ${ids.length} names, there are ${counted(length, "sample")}`];
  }
  const repeated = ids.length - new Set(ids).size;
  return repeated === 0 ? [] : [`"sample_ids" repeats ${counted(repeated, "name")}`];
}

/**
 * Whether an HDF5 file is a packed one: it has labels, or says where bags begin.
 * @param file The open file.
 * @param context Names of its datasets.
 */
export function isPacked(file: Hdf5File, { features }: Pick<Context, "features">): boolean {
  const { label_key = "labels", bag_ptr_key = "bag_ptr", bag_lengths_key = "bag_lengths" } =
    features;
  return [label_key, bag_ptr_key, bag_lengths_key].some((name) => {
    try {
      return file.kindOf(name) !== "missing";
    } catch (error) {
      if (error instanceof DataError) return false;
      throw error;
    }
  });
}
