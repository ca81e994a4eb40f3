/**
 * How much of the probability goes to the true class.
 * Importing this module adds `true_probability` to the `metric` slot.
 * @module
 */
import { type MetricPlugin, type NoOptions, noOptions, registry } from "@glovita/glovita/plugin";

/** Mean over samples of the true class's probability, logged as `True_Probability`. */
export const trueProbability: MetricPlugin<NoOptions> = {
  slot: "metric",
  key: "true_probability",
  description: "mean probability of the true class",
  config: noOptions,
  subtasks: ["multiclass"],
  create(_config, { subtask, numClasses }) {
    if (subtask !== "multiclass") throw new RangeError(`expected classes, received ${subtask}`);
    return {
      higherIsBetter: true,
      accumulator() {
        let [sum, samples] = [0, 0];
        return {
          update({ count, scores, labels }) {
            for (const [i, label] of labels.entries()) sum += scores[i * numClasses + label];
            samples += count;
          },
          compute: () => ({ True_Probability: sum / samples }),
        };
      },
    };
  },
};

registry.add(trueProbability);
