/**
 * What all metrics share: the check that a metric fits the task, the check of batches.
 * @module
 */
import type { MetricInput, MetricPlugin, TaskInfo } from "../../registry/plugin.ts";

export { THRESHOLD } from "../../engine/metrics/decisions.ts";

/**
 * Checks that a metric is defined for the targets of a run.
 * @param plugin The metric.
 * @param task What the run predicts.
 * @throws {RangeError} if the metric's `subtasks` leave the run's out.
 *
 * @example A metric of classes on continuous targets
 * ```ts
 * import { assertSupported } from "@glovita/glovita/parts";
 * import { assertThrows } from "@std/assert";
 *
 * const metric = { key: "kappa", subtasks: ["multiclass"] } as const;
 * const task = { task: "Regression", subtask: "regression", numClasses: 1 } as const;
 * assertThrows(() => assertSupported(metric, task), RangeError, 'subtask is "regression"');
 * ```
 *
 * @category Metrics
 */
export function assertSupported(
  plugin: Pick<MetricPlugin, "key" | "subtasks">,
  task: TaskInfo,
): void {
  const { key, subtasks } = plugin;
  if (!subtasks || subtasks.includes(task.subtask)) return;
  const expected = subtasks.map((name) => `"${name}"`).join(" or ");
  throw new RangeError(
    `Cannot compute metric "${key}": subtask is "${task.subtask}", expected ${expected}`,
  );
}

/**
 * Checks that a batch belongs to the run's task, that scores and labels have the length that
 * `count` and `num_classes` imply, and that labels are classes (multiclass) or from 0
 * to 1 (multilabel).
 * @param key Key of the metric, for the message.
 * @param task What the run predicts.
 * @param batch Predictions and targets.
 * @throws {TypeError} if a length or the number of classes is wrong.
 * @throws {RangeError} if the subtask is another or a label is out of range.
 *
 * @example A label that no class has
 * ```ts
 * import { assertBatch } from "@glovita/glovita/parts";
 * import { assertThrows } from "@std/assert";
 *
 * const task = { task: "Classification", subtask: "multiclass", numClasses: 2 } as const;
 * const batch = { ...task, count: 1, scores: Float32Array.of(0, 1), labels: Int32Array.of(7) };
 * assertThrows(() => assertBatch("kappa", task, batch), RangeError, "label of sample 0 is 7");
 * ```
 *
 * @category Metrics
 */
export function assertBatch(key: string, task: TaskInfo, batch: MetricInput): void {
  const { count, numClasses, scores, labels, subtask } = batch;
  if (subtask !== task.subtask) {
    throw new RangeError(
      `Cannot compute metric "${key}": subtask of the batch is "${subtask}", ` +
        `expected "${task.subtask}"`,
    );
  }
  if (numClasses !== task.numClasses) {
    throw new TypeError(
      `Cannot compute metric "${key}": num_classes of the batch is ${numClasses}, ` +
        `expected ${task.numClasses}`,
    );
  }
  assertLength(key, "scores", scores.length, count * numClasses);
  assertLength(key, "labels", labels.length, subtask === "multiclass" ? count : scores.length);
  if (subtask === "regression") return;
  const soft = subtask === "multilabel";
  const last = soft ? 1 : numClasses - 1;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (label >= 0 && label <= last && (soft || Number.isInteger(label))) continue;
    const sample = soft ? Math.floor(i / numClasses) : i;
    throw new RangeError(
      `Cannot compute metric "${key}": label of sample ${sample} is ${label}, ` +
        `expected ${soft ? "a number" : "an integer"} from 0 to ${last}`,
    );
  }
}

function assertLength(key: string, name: string, length: number, expected: number): void {
  if (length === expected) return;
  throw new TypeError(
    `Cannot compute metric "${key}": ${name} has ${length} values, expected ${expected}`,
  );
}
