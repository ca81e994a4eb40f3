/**
 * Bags in the packed layout: the instances of all bags of a batch in one matrix, row after row.
 * @module
 */
import type { Tensor } from "../ir/node.ts";

/** Which rows of a packed matrix belong to which bag. */
export interface Bags {
  /** Instances per bag, `int64 [bags]`, each at least 1. */
  readonly lengths: Tensor;
  /** Bag of each row, `int64 [instances]`, not decreasing. */
  readonly index: Tensor;
}
