/**
 * What a study knows of its points: a small file each, beside the runs.
 * @module
 */
import { join } from "node:path";
import { DataError } from "../../engine/errors.ts";
import { writeJsonAtomic } from "../../engine/storage/atomic.ts";
import { isFile } from "../../engine/storage/is_file.ts";
import { readJsonFile } from "../../engine/storage/json_file.ts";
import { isLocked } from "../../engine/storage/lock.ts";
import { isPlainObject } from "../../registry/config/objects.ts";
import type { StudyPoint } from "./points.ts";
import { configOf, type Study } from "./study.ts";

/** Folder of the records, in that of the study. */
const RECORDS = ".study";

/** What came of a fold of a point. */
export interface PointResult {
  /** Run directory. */
  readonly directory: string;
  /** Name of the value that chose the best checkpoint. */
  readonly metric: string;
  /** The best value. */
  readonly best: number | null;
  /** The same value on the test split, where there is one. */
  readonly test: number | null;
}

/** What is recorded of a point. */
export interface PointRecord {
  /** How far it is: begun ones are worked on, or were stopped. */
  readonly state: "begun" | "done" | "failed";
  /** Hash of its config. */
  readonly config: string;
  /** Why it failed, in one line. */
  readonly reason?: string;
  /** Its folds, when it is done. */
  readonly results?: readonly PointResult[];
}

/** How far a point is, as it is shown. */
export interface PointStatus {
  /** The point, counted from 1. */
  readonly index: number;
  /** The point. */
  readonly point: StudyPoint;
  /** How far it is; what was stopped waits to go on. */
  readonly state: "waiting" | "running" | "done" | "failed";
  /** Why it failed, or that it goes on. */
  readonly note?: string;
  /** Its folds, when it is done. */
  readonly results: readonly PointResult[];
}

/**
 * Names the files of a point.
 * @param study The study.
 * @param point The point.
 * @returns Paths of its record, and of the lock that its process holds.
 */
export function recordPaths(
  { folder }: Study,
  { name, fold }: StudyPoint,
): { readonly folder: string; readonly record: string; readonly lock: string } {
  const records = join(folder, RECORDS);
  const stem = join(records, fold === undefined ? name : `${name}.fold-${fold}`);
  return { folder: records, record: `${stem}.json`, lock: `${stem}.lock` };
}

/**
 * Reads the record of a point.
 * @param path Its file.
 * @returns The record; `undefined` where nothing has begun.
 * @throws {DataError} if it cannot be read.
 */
export function readRecord(path: string): PointRecord | undefined {
  if (!isFile(path)) return undefined;
  const value = readJsonFile(path);
  const states: readonly unknown[] = ["begun", "done", "failed"];
  if (isPlainObject(value) && states.includes(value.state)) return value as unknown as PointRecord;
  throw new DataError(`Cannot read "${path}": it is not the record of a point`, { file: path });
}

/**
 * Writes the record of a point, atomically.
 * @param path Its file.
 * @param record What it says.
 */
export async function writeRecord(path: string, record: PointRecord): Promise<void> {
  await writeJsonAtomic(path, record);
}

/**
 * Says how far the points of a study are.
 * @param study The study.
 *
 * @example Nothing has begun
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const point = { name: "base", settings: {} };
 * const folder = Deno.makeTempDirSync();
 * const [{ state }] = studyStatus({ name: "s", folder, config: {}, points: [point] });
 * assertEquals(state, "waiting");
 * ```
 */
export function studyStatus(study: Study): PointStatus[] {
  return study.points.map((point, at) => ({ index: at + 1, point, ...statusOf(study, point) }));
}

function statusOf(
  study: Study,
  point: StudyPoint,
): Pick<PointStatus, "state" | "note" | "results"> {
  const { record: path, lock } = recordPaths(study, point);
  const record = readRecord(path);
  if (record === undefined) return { state: "waiting", results: [] };
  if (isLocked(lock)) return { state: "running", results: [] };
  const changed = record.config !== configOf(study, point).hash;
  if (changed && record.state === "failed") {
    return { state: "waiting", note: "failed with another config", results: [] };
  }
  if (changed) {
    return { state: "failed", note: otherConfig(study, point), results: [] };
  }
  const { state, reason, results = [] } = record;
  if (state !== "begun") return { state, note: reason, results };
  return { state: "waiting", note: "stopped before its end, goes on there", results };
}

/**
 * Says that a point has been worked on with another config.
 * @param study The study.
 * @param point The point.
 */
export function otherConfig(study: Study, point: StudyPoint): string {
  const { record } = recordPaths(study, point);
  return `it was made with another config: remove "${record}" and its runs, or rename the study`;
}
