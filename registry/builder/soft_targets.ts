/**
 * Targets of multilabel tasks between 0 and 1: the loss takes them as they are, most metrics cannot.
 * @module
 */
import type { Split } from "../../engine/data/data.ts";
import type { Metric, TaskInfo } from "../plugin.ts";

/**
 * Says from where on metrics count targets that lie between 0 and 1.
 * @param splits The splits; each is looked at once.
 * @param task What is predicted.
 * @param metrics What is measured.
 * @returns A line for each split with such targets; none where all metrics take them as they are.
 */
export function softTargetNotices(
  splits: Iterable<Pick<Split, "name" | "labels">>,
  { subtask }: TaskInfo,
  metrics: readonly Metric[],
): string[] {
  const thresholds = new Set(metrics.flatMap(({ targetThreshold }) => targetThreshold ?? []));
  if (subtask !== "multilabel" || thresholds.size === 0) return [];
  const counted = `metrics count those above ${[...thresholds].join(" or ")} as 1`;
  const lines = [...splits].flatMap(({ name, labels: { values } }) => {
    let soft = 0;
    for (const value of values) soft += value > 0 && value < 1 ? 1 : 0;
    if (soft === 0) return [];
    const found = `${soft} of ${values.length} targets of "${name}" are between 0 and 1`;
    return [`${found}: the loss takes them as they are, ${counted}`];
  });
  return [...new Set(lines)];
}
