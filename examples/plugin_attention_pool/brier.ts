/**
 * The Brier score: how far probabilities are from what happened.
 * Importing this module adds `brier` to the `metric` slot.
 * @module
 */
import { type MetricPlugin, type NoOptions, noOptions, registry } from "@glovita/glovita/plugin";

/** Mean over samples of `Σ (probability - target)²` over classes, logged as `Brier`. */
export const brier: MetricPlugin<NoOptions> = {
  slot: "metric",
  key: "brier",
  description: "mean squared distance of the probabilities from the targets",
  config: noOptions,
  subtasks: ["multiclass"],
  create(_config, { subtask, numClasses }) {
    if (subtask !== "multiclass") throw new RangeError(`expected classes, received ${subtask}`);
    return {
      higherIsBetter: false,
      accumulator() {
        let [sum, samples] = [0, 0];
        return {
          update({ count, scores, labels }) {
            for (const [i, score] of scores.entries()) {
              const target = labels[Math.floor(i / numClasses)] === i % numClasses ? 1 : 0;
              sum += (score - target) ** 2;
            }
            samples += count;
          },
          compute: () => ({ Brier: sum / samples }),
        };
      },
    };
  },
};

registry.add(brier);
