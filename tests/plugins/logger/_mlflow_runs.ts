/** Runs that are logged to MLflow. */
import { join } from "node:path";
import { mlflow, type MlflowConfig } from "../../../plugins/logger/mlflow.ts";
import type { RunInfo } from "../../../registry/plugin.ts";
import { minimalOptions } from "../../../registry/testing/mod.ts";
import type { MlflowServer } from "./_mlflow_server.ts";
import { epochs, type EpochValues, runInfo } from "./_run.ts";

// Tests say themselves where runs go.
Deno.env.delete("MLFLOW_TRACKING_URI");

/** The logger, with some of its options. */
export function create(options: Partial<MlflowConfig> = {}) {
  return mlflow.create(minimalOptions(mlflow, { ...options }), {});
}

/** A run below a folder of experiments, as training makes them. */
export async function place(folder: string, name = "0"): Promise<string> {
  const directory = join(folder, "experiments", "samples", "group", name);
  await Deno.mkdir(directory, { recursive: true });
  await Deno.writeTextFile(join(directory, "resolved_config.json"), "{}");
  return directory;
}

/** What a run in {@linkcode place} tells. */
export function info(
  folder: string,
  directory: string,
  changes: Parameters<typeof runInfo>[1] = {},
) {
  const config = { exp_dir: join(folder, "experiments"), training: { epochs: 2, seed: null } };
  return runInfo(directory, { config, ...changes });
}

/** Logs the epochs after the earlier ones, and ends. */
export async function logUntil(
  end: number,
  run: RunInfo,
  options: Partial<MlflowConfig>,
  status: "finished" | "failed" = "finished",
): Promise<void> {
  const logger = create(options);
  await logger.start(run);
  for (const { epoch, values } of epochs(end).slice(run.earlier.length)) {
    await logger.log(epoch, values);
  }
  await logger.finish(status);
}

/** Values of a number by step. */
export function curve(server: MlflowServer, key: string, { metrics } = server.run): unknown[] {
  return metrics.filter((metric) => metric.key === key).map(({ step, value }) => [step, value]);
}

/** Values of a number of {@linkcode epochs} by step. */
export const wanted = (end: number, key = "val_Accuracy") =>
  epochs(end).map(({ epoch, values }: EpochValues) => [epoch, values[key]]);
