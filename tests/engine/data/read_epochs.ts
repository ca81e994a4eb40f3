/**
 * Runs a loader and keeps its batches.
 * @module
 */
import { assertEquals } from "@std/assert";
import type { Batch, Split } from "../../../engine/data/data.ts";
import { Loader, type LoaderOptions } from "../../../engine/data/loader.ts";

/** A copy of each batch of the given epochs. */
export async function readEpochs(
  split: Split,
  options: LoaderOptions,
  epochs: readonly number[] = [0, 1],
): Promise<Batch[]> {
  await using loader = new Loader(split, options);
  const batches: Batch[] = [];
  for (const epoch of epochs) {
    let count = 0;
    for await (const batch of loader.epoch(epoch)) {
      batches.push({ ...batch, features: batch.features.slice() });
      count++;
    }
    assertEquals(count, loader.batchesPerEpoch);
  }
  return batches;
}

/** Sample indices in the order of their visit. */
export function samplesOf(batches: readonly Batch[]): number[] {
  return batches.flatMap((batch) => [...batch.indices]);
}
