/**
 * What a division of samples keeps in proportion.
 * @module
 */
import type { SlideData, SlideSample } from "./slide_data.ts";

/** What is to be kept in proportion: classes, positive labels, or quarters of the numbers. */
export function strataOf(
  samples: readonly SlideSample[],
  subtask: SlideData["encoding"]["subtask"],
  numClasses: number,
): (sample: SlideSample) => number[] {
  if (subtask === "multilabel") return ({ targets }) => [1, ...targets];
  if (subtask === "multiclass") {
    return ({ targets: [label] }) =>
      Array.from({ length: numClasses }, (_, index) => Number(index === label));
  }
  const sorted = samples.map(({ targets: [value] }) => value).sort((a, b) => a - b);
  const bounds = [1, 2, 3].map((quarter) => sorted[Math.floor(quarter * sorted.length / 4)]);
  return ({ targets: [value] }) => {
    const quarter = bounds.filter((bound) => value >= bound).length;
    return Array.from({ length: 4 }, (_, index) => Number(index === quarter));
  };
}
