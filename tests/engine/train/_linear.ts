/**
 * A linear model over two features, and batches of it, for tests of evaluation and checkpoints.
 * @module
 */
import { add } from "../../../engine/ir/elementwise.ts";
import { reduceSumSquare } from "../../../engine/ir/matrix.ts";
import { Parameters } from "../../../engine/nn/scope.ts";
import type { Batch } from "../../../engine/data/data.ts";
import type { TaskInfo } from "../../../engine/train/interfaces.ts";
import type { Model } from "../../../engine/train/model.ts";

/** What the model predicts. */
export const CLASSES: TaskInfo = {
  task: "Classification",
  subtask: "multiclass",
  numClasses: 2,
};

/** `head.fc`: two features to `num_classes` values; auxiliary losses on request. */
export function linearModel(task: TaskInfo = CLASSES, auxiliary = false): Model {
  const parameters = new Parameters();
  const fc = parameters.scope().child("head").linear("fc", 2, task.numClasses);
  return {
    ...task,
    bags: false,
    sampleShape: [2],
    parameters: parameters.list(),
    forward({ features, labels }, context) {
      const kept = context.training ? context.random.dropout(features, 0.5) : features;
      const logits = fc(kept, context);
      const size = reduceSumSquare(logits);
      const losses = auxiliary && labels ? { size, twice: add(size, size) } : undefined;
      return { logits, losses };
    },
  };
}

/** A batch of samples with two features each. */
export function batchOf(
  features: readonly number[],
  labels: Int32Array | Float32Array,
): Batch {
  const size = features.length / 2;
  const indices = Int32Array.from({ length: size }, (_, index) => index);
  return { features: Float32Array.from(features), rows: size, size, labels, indices };
}
