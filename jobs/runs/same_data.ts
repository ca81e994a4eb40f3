/**
 * Whether a run that goes on has the data that it was trained on so far.
 * @module
 */
import { dataDifference, type DataFacts } from "../../engine/data/data_facts.ts";
import { DataError } from "../../engine/errors.ts";
import type { RunDirectory } from "../../engine/train/run_directory.ts";
import { isPlainObject } from "../../registry/config/objects.ts";

/** What a run goes on with. */
export interface ResumedData {
  /** Its directory. */
  readonly directory: RunDirectory;
  /** What its data is recognised by now, by split. */
  readonly data: Readonly<Record<string, DataFacts>>;
  /** Whether it goes on although the data is not what it was. */
  readonly anyway: boolean;
}

/**
 * Compares the data of a run with what the run recorded when it was started.
 * @param resumed The run.
 * @returns Lines for the user: what is not recorded, and what is gone on with anyway.
 * @throws {DataError} if the data is not what it was, unless the run goes on anyway.
 */
export function compareData({ directory, data, anyway }: ResumedData): string[] {
  const { data: recorded } = directory.readRuntimeInfo();
  if (!isPlainObject(recorded)) {
    return [`"${directory.path}" does not record its data: whether it is the same is not known`];
  }
  const splits = new Set([...Object.keys(recorded), ...Object.keys(data)]);
  const differences = [...splits].flatMap((split) => {
    const state = stateOf(recorded[split], data[split]);
    return state === undefined ? [] : [`its ${split} data is not what it was, ${state}`];
  });
  const [first] = differences;
  if (first === undefined) return [];
  if (anyway) return differences.map((line) => `"${directory.path}": ${line}; going on anyway`);
  throw new DataError(
    `Cannot resume "${directory.path}": ${first}; --training.resume_anyway goes on`,
    { file: directory.path },
  );
}

function stateOf(before: unknown, now: DataFacts | undefined): string | undefined {
  if (now === undefined) return "there is none now";
  return isPlainObject(before) ? dataDifference(before, now) : "there was none";
}
