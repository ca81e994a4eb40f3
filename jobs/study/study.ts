/**
 * A study: one config, and the points at which some of its fields are tried.
 * @module
 */
import { basename, dirname, extname, isAbsolute, join } from "node:path";
import * as v from "valibot";
import { DataError } from "../../engine/errors.ts";
import { readJsonFile } from "../../engine/storage/json_file.ts";
import { renderIssues } from "../../registry/config/issues.ts";
import {
  getAt,
  isPlainObject,
  type PlainObject,
  setAt,
  splitPath,
} from "../../registry/config/objects.ts";
import { checkPathParts } from "../../registry/config/path_parts.ts";
import { SECTIONS } from "../../registry/config/sections.ts";
import { ConfigError, type ConfigIssue } from "../../registry/errors.ts";
import { option, type OptionEntries, options, required, text } from "../../registry/options/mod.ts";
import { type Draw, hashOf, pointsOf, type PointSources, type StudyPoint } from "./points.ts";

/** What a study's file says. */
interface StudyFile extends PointSources {
  /** Name of its folder; that of the file where not given. */
  readonly name: string | null;
  /** Config of every point, or the path of its file, from the folder of the study's. */
  readonly config: string | PlainObject;
}

/** A study that can be run. */
export interface Study {
  /** Name. */
  readonly name: string;
  /** Folder of its runs: `exp_dir/name`. */
  readonly folder: string;
  /** Config that all points have in common. */
  readonly config: PlainObject;
  /** Points, which are counted from 1. */
  readonly points: readonly StudyPoint[];
}

/** Where training puts runs that say nothing else. */
const EXP_DIR = "./experiments";
/** More points than anybody has the time for. */
const MAX_POINTS = 100_000;
/** Fields that the study itself decides. */
const OWN: readonly string[] = ["exp_dir", "logger.group", "training.resume"];

const finite = v.pipe(v.number(), v.finite());
const pair = v.pipe(
  v.tuple([finite, finite]),
  v.check(([low, high]) => low < high, "expected the smaller number first"),
);
const draw = v.union([
  v.strictObject({ uniform: pair }),
  v.strictObject({
    log_uniform: v.pipe(pair, v.check(([low]) => low > 0, "expected numbers above 0")),
  }),
  v.strictObject({
    integer: v.pipe(pair, v.check((ends) => ends.every(Number.isSafeInteger), "expected integers")),
  }),
  v.strictObject({ choice: v.pipe(v.array(v.unknown()), v.nonEmpty()) }),
]) as v.GenericSchema<unknown, Draw>;
const wholeNumber = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const settings = v.record(v.string(), v.unknown());

const entries: OptionEntries<StudyFile> = {
  name: text(null, "Name of the folder of its runs.", { check: checkPathParts }),
  config: option(
    required,
    "Config of every point.",
    v.union([v.pipe(v.string(), v.nonEmpty()), settings]),
  ),
  grid: option(
    null,
    "Values that are combined.",
    v.record(v.string(), v.pipe(v.array(v.unknown()), v.nonEmpty())),
  ),
  list: option(null, "Fields of each point.", v.pipe(v.array(settings), v.nonEmpty())),
  random: option(
    null,
    "Points that are drawn.",
    v.strictObject({
      count: v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_POINTS)),
      seed: v.optional(wholeNumber, 0),
      fields: v.record(v.string(), draw),
    }),
  ),
  folds: option(null, "Folds of every point.", v.pipe(v.array(wholeNumber), v.nonEmpty())),
};

/**
 * Reads a study.
 * @param file Its JSON file.
 * @returns The study; the configs of its points are not checked yet.
 * @throws {ConfigError} with everything that is wrong with it.
 * @throws {DataError} if a file cannot be read.
 *
 * @example Three points
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const file = `${Deno.makeTempDirSync()}/rates.json`;
 * const config = { exp_dir: "out" };
 * const grid = { "optimizer.lr": [0.1, 0.01, 0.001] };
 * Deno.writeTextFileSync(file, JSON.stringify({ config, grid }));
 * const { folder, points } = readStudy(file);
 * assertEquals([folder, points.length], ["out/rates", 3]);
 * ```
 */
export function readStudy(file: string): Study {
  const given = objectIn(file);
  const parsed = v.safeParse(options(entries), given);
  if (!parsed.success) throw new ConfigError(renderIssues("", entries, parsed.issues));
  const { name, config, ...sources } = parsed.output as StudyFile;
  const base = typeof config === "string"
    ? objectIn(isAbsolute(config) ? config : join(dirname(file), config))
    : config;
  const points = pointsOf(sources);
  const issues = [...sourceIssues(sources), ...pointIssues(points)];
  if (issues.length > 0) throw new ConfigError(issues);
  const named = name ?? basename(file, extname(file));
  const folder = join(typeof base.exp_dir === "string" ? base.exp_dir : EXP_DIR, named);
  return { name: named, folder, config: base, points };
}

function objectIn(file: string): PlainObject {
  const value = readJsonFile(file);
  if (isPlainObject(value)) return value;
  throw new DataError(`Cannot read "${file}": it is not a JSON object`, { file });
}

function sourceIssues({ grid, list, random, folds }: PointSources): ConfigIssue[] {
  const given = Object.entries({ grid, list, random }).filter(([, value]) => value !== null);
  if (given.length > 1) {
    const names = given.map(([name]) => name).join(" and ");
    return [{ path: "grid", message: `expected one of grid, list and random, received ${names}` }];
  }
  if (given.length === 1 || folds !== null) return [];
  return [{ path: "grid", message: "expected grid, list, random or folds, received nothing" }];
}

function pointIssues(points: readonly StudyPoint[]): ConfigIssue[] {
  const fields = new Set(points.flatMap(({ settings }) => Object.keys(settings)));
  const sections = new Set(SECTIONS.map(({ path }) => path));
  const issues = [...fields].flatMap((path): ConfigIssue[] => {
    if (sections.has(path)) return [{ path, message: "expected a field, received a section" }];
    const taken = OWN.includes(path) || path === "data.fold" && points[0].fold !== undefined;
    return taken ? [{ path, message: "expected a field that the study does not set itself" }] : [];
  });
  const known = new Map<string, number>();
  for (const [at, { name, fold }] of points.entries()) {
    const key = `${name}/${fold}`;
    const first = known.get(key);
    known.set(key, first ?? at);
    if (first === undefined) continue;
    issues.push({ path: `point ${at + 1}`, message: `is the same as point ${first + 1}` });
    break;
  }
  return issues;
}

/** What a point trains, before it is resolved. */
export interface PointConfig {
  /** The tree. */
  readonly tree: PlainObject;
  /** Hash of it, without the place of its runs. */
  readonly hash: string;
}

/**
 * Makes the config of a point.
 * @param study The study.
 * @param point The point.
 *
 * @example What the point sets wins
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const point = { name: "lr-1", settings: { "optimizer.lr": 1 } };
 * const study = { name: "s", folder: "e/s", config: { optimizer: { lr: 2 } }, points: [point] };
 * const { tree } = configOf(study, point);
 * assertEquals(tree, { optimizer: { lr: 1 }, exp_dir: "e/s", logger: { group: "lr-1" } });
 * ```
 */
export function configOf(
  { config, folder }: Study,
  { name, settings, fold }: StudyPoint,
): PointConfig {
  const tree = structuredClone(config);
  for (const [path, value] of Object.entries(settings)) put(tree, path, value);
  if (fold !== undefined) put(tree, "data.fold", fold);
  const { exp_dir: _, ...rest } = tree;
  const hash = hashOf(rest);
  put(tree, "exp_dir", folder);
  put(tree, "logger.group", name);
  return { tree, hash };
}

function put(tree: PlainObject, path: string, value: unknown): void {
  const names = splitPath(path);
  if (setAt(tree, names, structuredClone(value))) return;
  const shown = JSON.stringify(getAt(tree, names.slice(0, 1)));
  throw new ConfigError([{ path, message: `expected a section in the config, received ${shown}` }]);
}
