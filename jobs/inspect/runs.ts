/**
 * Inspects run directories: what was trained, how far, and how well.
 * @module
 */
import { SPLIT_NAMES } from "../../engine/data/data.ts";
import { attempt } from "../../engine/slides/refuse.ts";
import { isFile } from "../../engine/storage/is_file.ts";
import { readJsonFile } from "../../engine/storage/json_file.ts";
import { WeightsFile } from "../../engine/storage/weights_file.ts";
import { RunDirectory } from "../../engine/train/run_directory.ts";
import { getAt, isPlainObject, splitPath } from "../../registry/config/objects.ts";
import { keyPath, SLOT_NAMES, SLOTS } from "../../registry/slots.ts";
import { Lines } from "./_context.ts";
import type { RunFacts, RunInspection } from "./inspection.ts";

/**
 * Inspects runs.
 * @param path The run directory, or that of a group of folds.
 * @returns What the runs say; `undefined` where there is no run.
 */
export async function inspectRuns(path: string): Promise<RunInspection | undefined> {
  const found = RunDirectory.find(path);
  if (found === undefined || found.kind === "checkpoint") return undefined;
  const problems = new Lines();
  const runs: RunFacts[] = [];
  for (const run of found.runs) {
    const facts = await attempt(() => runFacts(run, problems), problems.refuse);
    if (facts !== undefined) runs.push(facts);
  }
  return { kind: "run", path, runs, problems: problems.list, notices: [] };
}

/**
 * Inspects the run of a checkpoint.
 * @param checkpoint The file.
 * @param problems Takes what is wrong with the run.
 * @returns What the run says; `undefined` where the checkpoint is not in one.
 */
export async function runOfCheckpoint(
  checkpoint: string,
  problems: Lines,
): Promise<RunFacts | undefined> {
  const found = RunDirectory.find(checkpoint);
  if (found?.kind !== "checkpoint") return undefined;
  return await attempt(() => runFacts(found.runs[0], problems), problems.refuse);
}

async function runFacts(run: RunDirectory, problems: Lines): Promise<RunFacts> {
  const tree = run.readConfig("resolvedConfig", `Cannot inspect "${run.path}"`);
  const plugins = SLOT_NAMES.flatMap((slot) => {
    const key = getAt(tree, splitPath(keyPath(SLOTS[slot])));
    return typeof key === "string"
      ? [[slot, key] as const]
      : Array.isArray(key)
      ? [[slot, key.join(" ")] as const]
      : [];
  });
  const { val } = run.readMetrics(Infinity);
  const wanted = getAt(tree, ["training", "epochs"]);
  const metrics = isFile(run.file("metrics")) ? readJsonFile(run.file("metrics")) : {};
  const best = await attempt(() => bestOf(run), problems.refuse);
  return {
    directory: run.path,
    ...(run.fold !== undefined && { fold: run.fold }),
    plugins: Object.fromEntries(plugins),
    epochs: val.length,
    ...(typeof wanted === "number" && { wantedEpochs: wanted }),
    lastVal: val.at(-1) ?? {},
    ...(isPlainObject(metrics) && isNumbers(metrics.test) && { test: metrics.test }),
    ...(best && { best }),
    splits: splitsOf(run),
  };
}

function isNumbers(value: unknown): value is Readonly<Record<string, number | null>> {
  return isPlainObject(value) &&
    Object.values(value).every((number) => number === null || typeof number === "number");
}

/** The value that chose the best checkpoint, as the last one knows it. */
function bestOf(run: RunDirectory): RunFacts["best"] {
  if (!run.hasCheckpoint("last")) return undefined;
  using file = WeightsFile.open(run.checkpoint("last"));
  const [metric, value, epoch] = ["best_metric", "best_value", "best_epoch"]
    .map((name) => file.entry("glovita", name));
  if (typeof metric !== "string" || typeof value !== "number") return undefined;
  return typeof epoch === "number" ? { metric, value, epoch } : undefined;
}

/** How many samples each split has, where they have names. */
function splitsOf(run: RunDirectory): RunFacts["splits"] {
  if (!isFile(run.file("splits"))) return {};
  const splits = readJsonFile(run.file("splits"));
  if (!isPlainObject(splits)) return {};
  return Object.fromEntries(SPLIT_NAMES.flatMap((name) => {
    const { [name]: ids } = splits;
    return Array.isArray(ids) ? [[name, ids.length] as const] : [];
  }));
}
