/**
 * Plans: from data to a config that trains on it, with a reason for each number.
 * @module
 */
import { openSplitSource } from "../../engine/data/open_source.ts";
import { createDataset } from "../../registry/builder/dataset.ts";
import { type ConfigPart, mergeParts } from "../../registry/configure.ts";
import { getAt, isPlainObject, type PlainObject, setAt } from "../../registry/config/objects.ts";
import { PLAN_LOG } from "../../registry/config/plan_log.ts";
import { resolveConfig } from "../../registry/config/resolve.ts";
import { SECTIONS } from "../../registry/config/sections.ts";
import { ConfigError, quote } from "../../registry/errors.ts";
import type { Dataset } from "../../registry/plugin.ts";
import { type Registry, registry as defaultRegistry } from "../../registry/registry.ts";
import { decide, type Decision } from "./decision.ts";
import { type Facts, factsOf } from "./_facts.ts";
import { decideHead } from "./_head.ts";
import { DATASETS, ENCODER } from "./keys.ts";
import { asQuestion, needs } from "./_needs.ts";
import { decideTargets } from "./_packed_targets.ts";
import { recipe } from "./_recipe.ts";
import { decideTables } from "./_slide_tables.ts";

/**
 * What a plan needs besides the data.
 * @category Plans
 */
export interface PlanOptions {
  /** Number of folds of a cross-validation; those that the data comes with where not given. */
  readonly folds?: number;
  /** Where plugins are looked up. @default {registry} */
  readonly registry?: Registry;
}

/**
 * A config, and why it is as it is.
 * @category Plans
 */
export interface Plan {
  /**
   * The config: what was given, what was decided, and the reasons in `add_log.plan`. It trains as it
   * is, as the file of {@linkcode resolveConfig}.
   */
  readonly config: Readonly<Record<string, unknown>>;
  /** What was decided, in the order of the config. */
  readonly decisions: readonly Decision[];
  /** Lines for the user on what the data lacks. */
  readonly notices: readonly string[];
}

/** Rows that are read to see how large values are. */
const PROBED_ROWS = 256;
/** With more numbers than this, a column of numbers may be no column of classes. */
const MANY_NUMBERS = 10;

/**
 * Looks at data and plans how to train on it: columns and splits, a head that suits the samples, and
 * a recipe. Fields that are given stay as they are. No features are read but a few rows of vectors.
 * @param given The dataset with its options, and whatever else is decided already.
 * @param options Folds and registry.
 * @returns The config, and a reason for each decision.
 * @throws {ConfigError} if something cannot be decided, which the message asks for in one line.
 * @throws {DataError} if the data cannot be used.
 *
 * @example A directory of slides
 * ```ts
 * import { configure, plan, registry, resolveConfig, slideFeatures } from "@glovita/glovita";
 * import { FeatureWriter } from "@glovita/glovita/features";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * const rows = ["case_id,slide_id,label"];
 * for (let slide = 0; slide < 20; slide++) {
 *   const writer = await FeatureWriter.create(`${folder}/${slide}.h5`, { embedDim: 2 });
 *   writer.append(Float32Array.of(1, 2, 3, 4), [0, 0]); // two instances
 *   writer.close();
 *   rows.push(`${slide},${slide},${slide % 2 ? "tumor" : "normal"}`);
 * }
 * const labels_file = `${folder}/labels.csv`;
 * await Deno.writeTextFile(labels_file, rows.join("\n"));
 *
 * const part = { data: { data_root_dir: folder } };
 * const { config, decisions } = await plan([configure(slideFeatures, { labels_file }), part]);
 * const { model, data } = resolveConfig({ file: config }, registry).config;
 * assertEquals([model.head.head_type, data.num_classes], ["clam", 2]);
 * console.log(decisions.map(({ path, value, reason }) => `${path} ${value}: ${reason}`).join("\n"));
 * ```
 *
 * @category Plans
 */
export async function plan(
  given: readonly ConfigPart[],
  options: PlanOptions = {},
): Promise<Plan> {
  const tree: PlainObject = {};
  mergeParts(tree, given);
  try {
    return await planTree(tree, options);
  } catch (error) {
    throw asQuestion(error);
  }
}

async function planTree(tree: PlainObject, options: PlanOptions): Promise<Plan> {
  const { registry = defaultRegistry } = options;
  const decisions: Decision[] = [];
  const add = (more: readonly Decision[]) => decisions.push(...decide(tree, more));
  add(await decideData(tree, options));
  const { dataset, facts } = await look(tree, registry);
  add(foundInData(dataset));
  add(encoderOf(facts));
  add(await decideHead(tree, facts, registry));
  const scale = facts.lengths ? undefined : await meanSize(facts);
  add(recipe({ ...facts, scale, has: (slot, key) => registry.has(slot, key) }));
  const sorted = inOrder(decisions, ({ path }) => path);
  const reasons = Object.fromEntries(sorted.map(({ path, reason }) => [path, reason]));
  setAt(tree, ["add_log", PLAN_LOG], reasons);
  resolveConfig({ file: tree }, registry);
  const { dataset: key, data_root_dir, ...others } = tree.data as PlainObject;
  const root = data_root_dir === undefined ? {} : { data_root_dir };
  const config = inOrder(
    Object.entries({ ...tree, data: { dataset: key, ...root, ...others } }),
    ([name]) => name,
  );
  return {
    config: Object.fromEntries(config),
    decisions: sorted,
    notices: facts.notices,
  };
}

/** What has to be known before the dataset can be created. */
async function decideData(tree: PlainObject, { folds }: PlanOptions): Promise<Decision[]> {
  const data = getAt(tree, ["data"]);
  if (!isPlainObject(data)) return [];
  if (data.dataset === DATASETS.slides) return await decideTables(data, folds);
  const cv = folds === undefined || folds === 1
    ? []
    : [{ path: "training.cv_folds", value: folds, reason: "asked for" }];
  const targets = data.dataset === DATASETS.packed ? await decideTargets(data) : [];
  return [...targets, ...cv];
}

/** Creates the dataset and looks at its headers. */
async function look(
  given: PlainObject,
  registry: Registry,
): Promise<{ readonly dataset: Dataset; readonly facts: Facts }> {
  const tree = structuredClone(given);
  decide(tree, [
    { path: "model.encoder.encoder_type", value: ENCODER, reason: "" },
    { path: "model.encoder.feature_dim", value: 1, reason: "" },
  ]);
  const { config } = resolveConfig({ file: tree }, registry);
  const { data, training: { cv_folds: folds } } = config;
  const crossValidation = folds > 1 ? { fold: 0, folds } : undefined;
  const { dataset } = await createDataset({ config, registry }, { crossValidation });
  if (getAt(given, ["data", "task"]) === undefined) refuseNumbers(dataset);
  const facts = await factsOf(dataset, config);
  if (facts.train.sampleShape.length === 1) return { dataset, facts };
  const message =
    `expected a dataset of features, ${quote(data.dataset)} has images: extract their ` +
    "features first";
  throw new ConfigError([{ path: "data.dataset", message }]);
}

/** A column of many numbers is rather one of targets than one of classes. */
function refuseNumbers({ classNames = [] }: Dataset): void {
  const isNumber = (name: string) => name.trim() !== "" && Number.isFinite(Number(name));
  if (classNames.length <= MANY_NUMBERS || !classNames.every(isNumber)) return;
  throw needs(
    "task",
    `the labels are ${classNames.length} different numbers: Regression, or Classification with as ` +
      "many classes",
  );
}

function foundInData({ found = {}, classNames }: Dataset): Decision[] {
  const names = classNames?.join(", ");
  return Object.entries(found).filter(([, value]) => value !== undefined).map(([name, value]) => ({
    path: `data.${name}`,
    value,
    reason: name === "num_classes" && names ? `the labels are ${names}` : "found in the labels",
  }));
}

function encoderOf({ embedDim, lengths }: Facts): Decision[] {
  const what = lengths ? "instances are" : "vectors are";
  return [
    { path: "model.encoder.encoder_type", value: ENCODER, reason: "the features are there" },
    { path: "model.encoder.feature_dim", value: embedDim, reason: `${what} ${embedDim} wide` },
  ];
}

/** Mean absolute value of some rows. */
async function meanSize({ train }: Facts): Promise<number> {
  const rows = Math.min(PROBED_ROWS, train.length);
  const indices = Int32Array.from(
    { length: rows },
    (_, index) => Math.floor(index * train.length / rows),
  );
  const source = await openSplitSource(train);
  try {
    const { features } = await source.read(indices);
    return features.reduce((sum, value) => sum + Math.abs(value), 0) / features.length;
  } finally {
    source.close();
  }
}

/** Sorts by the section of a path, as `--help` shows them. */
function inOrder<T>(items: readonly T[], pathOf: (item: T) => string): T[] {
  const places = new Map(SECTIONS.map(({ path }, index) => [path, index]));
  const placeOf = (item: T) => places.get(pathOf(item).split(".")[0]) ?? places.size;
  return items.toSorted((a, b) => placeOf(a) - placeOf(b));
}
