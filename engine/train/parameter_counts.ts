/**
 * How many of a model's numbers train.
 * @module
 */
import { sizeOf } from "../ir/dims.ts";
import type { Parameter } from "../nn/scope.ts";
import type { Masks } from "./masks.ts";

/**
 * Parameters of a part of the model, counted number by number.
 * @category Training
 */
export interface ParameterCount {
  /** What the parameters are a part of: `encoder`, `peft` or `head`. */
  readonly group: string;
  /** How many train. */
  readonly trainable: number;
  /** How many there are. */
  readonly total: number;
}

/** Statistics of batch norms, which PyTorch does not count as parameters either. */
const STATISTICS = /(?:^|\.)running_(?:mean|var)$/;

/**
 * Counts parameters by group.
 * @param parameters The parameters.
 * @param groupOf The group of a parameter, by its name.
 * @param masks Which entries train, where not all of them do.
 * @returns Groups in the order in which they come.
 */
export function countParameters(
  parameters: readonly Parameter[],
  groupOf: (name: string) => string,
  masks: Masks = new Map(),
): ParameterCount[] {
  const counts = new Map<string, ParameterCount>();
  for (const { name, shape, trainable } of parameters) {
    if (STATISTICS.test(name)) continue;
    const group = groupOf(name);
    const known = counts.get(group) ?? { group, trainable: 0, total: 0 };
    const size = sizeOf(shape);
    const chosen = masks.get(name)?.reduce((sum, entry) => sum + entry, 0) ?? size;
    counts.set(group, {
      group,
      trainable: known.trainable + (trainable ? chosen : 0),
      total: known.total + size,
    });
  }
  return [...counts.values()];
}
