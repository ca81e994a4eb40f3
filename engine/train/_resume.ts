/** Going on with a run: its last checkpoint, and the numbers of the epochs before. */
import { DataError } from "../errors.ts";
import { type Progress, restoreCheckpoint } from "./checkpoint.ts";
import type { TrainPlan } from "./plan.ts";
import type { TrainState } from "./state.ts";

/** Without the numbers of all epochs before, curves would have gaps and early stopping count anew. */
export function requireNumbers(
  { directory, resumeAnyway = false }: TrainPlan,
  { epoch, best_epoch, best_metric, best_value }: Progress,
): void {
  if (resumeAnyway) return;
  const { val } = directory.readMetrics(epoch + 1);
  const file = directory.file("metrics");
  const refuse = (state: string) =>
    new DataError(
      `Cannot resume from "${file}": ${state}; --training.resume_anyway goes on`,
      { file },
    );
  if (val.length !== epoch + 1) {
    throw refuse(`it has numbers of ${val.length} epochs, "last.pt" is of ${epoch + 1}`);
  }
  // JSON has `null` for what is not finite.
  const measured = val[best_epoch][best_metric] ?? NaN;
  if (measured === best_value || !Number.isFinite(measured) && !Number.isFinite(best_value)) return;
  const state = `${best_metric} of epoch ${best_epoch + 1} is ${measured}`;
  throw refuse(`${state}, "last.pt" has ${best_value} as the best value`);
}

/** Path of `last.pt`, which must be there. */
export function lastCheckpoint({ directory }: TrainPlan): string {
  const file = directory.checkpoint("last");
  if (directory.hasCheckpoint("last")) return file;
  throw new DataError(`Cannot resume from "${file}": it does not exist, no epoch was finished`, {
    file,
  });
}

/** Restores `last.pt`, which must be of a run that this plan can go on with. */
export function restoreLast(state: TrainState, plan: TrainPlan): Progress {
  const { seed, bestMetric: { name } } = plan;
  const file = lastCheckpoint(plan);
  const fail = (fact: string) => new DataError(`Cannot resume from "${file}": ${fact}`, { file });
  const progress = restoreCheckpoint(state, plan, file);
  if (progress.seed !== seed) {
    throw fail(`its run has seed ${progress.seed}, training.seed is ${seed}`);
  }
  if (progress.best_metric !== name) {
    throw fail(
      `its best checkpoint was chosen by ${progress.best_metric}, now it would be ${name}`,
    );
  }
  return progress;
}
