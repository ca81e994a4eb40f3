/** What a run tells its logger besides the numbers of each epoch. */
import { join } from "node:path";
import { isFile } from "../../engine/storage/is_file.ts";
import type { EpochDone, RunDone, Values } from "../../engine/train/events.ts";
import type { RunInfo } from "../../engine/train/interfaces.ts";
import type { TrainPlan } from "../../engine/train/plan.ts";
import type { FieldUse } from "../../registry/config/field_use.ts";
import type { ResolvedConfig } from "../../registry/config/tree.ts";

/** A run's report, where one was made. */
const REPORT = "report.html";

/** What is only known when a fold's graphs are built. */
interface RunFacts {
  /** Notices which fields of the config are used. */
  readonly use: FieldUse<ResolvedConfig>;
  /** Tells lines to the user. */
  readonly notify: (lines: readonly string[]) => void;
  /** What ran it. */
  readonly runtime: Readonly<Record<string, unknown>>;
  /** Epochs that were trained before. */
  readonly epochs: number;
}

/** What the logger hears at the start. */
export function runInfo(
  plan: TrainPlan,
  config: ResolvedConfig,
  { use, notify, runtime, epochs }: RunFacts,
): RunInfo {
  const { directory, fold } = plan;
  const { config: watched } = use;
  const asked = fold.count > 1 || config.data.fold !== null;
  return {
    directory: directory.path,
    config: { ...config },
    get addLog() {
      return structuredClone(watched.add_log);
    },
    dataset: config.data.dataset,
    group: config.logger.group ?? directory.group,
    ...(asked && { fold: fold.index }),
    runtimeInfo: JSON.parse(JSON.stringify(runtime)), // as it stands in the file
    earlier: earlierEpochs(plan, epochs).map(({ epoch, lr, train, val }) => ({
      epoch,
      values: { ...train, ...val, lr },
    })),
    notify: (line) => notify([line]),
  };
}

/** Gives the logger what there is only at the end: the test's numbers, and files. */
export async function logResults({ logger, directory }: TrainPlan, done: RunDone): Promise<void> {
  const { bestEpoch, finalVal, test } = done;
  if (finalVal || test) await logger.logTest?.(bestEpoch, { ...finalVal, ...test });
  const files: readonly (readonly [string, string])[] = [
    [directory.checkpoint("best"), "checkpoints/best.pt"],
    [join(directory.path, REPORT), REPORT],
  ];
  for (const [path, name] of files) if (isFile(path)) await logger.artifact?.(path, name);
}

/** Numbers of the epochs before a run was resumed. */
export function earlierEpochs(
  { directory }: TrainPlan,
  epochs: number,
): Pick<EpochDone, "epoch" | "lr" | "train" | "val">[] {
  const { train, val } = directory.readMetrics(epochs);
  return train.map((values, index) => {
    const { epoch, lr, ...rest } = read(values);
    const { epoch: _, ...others } = read(val[index]);
    return { epoch, lr, train: rest, val: others };
  });
}

/** JSON has no NaN: it is written as `null`. */
function read(values: Values): Values {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value ?? NaN]));
}
