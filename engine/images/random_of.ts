/**
 * The random numbers of one image in one epoch.
 * @module
 */
import type { ReadRandom } from "../data/data.ts";
import { deriveSeed, Random } from "../random.ts";

/**
 * Begins the random numbers of an image. They depend on seed, epoch and index alone, so that they
 * are the same whatever the threads and batches, and in a training that goes on.
 *
 * @param index Index of the sample in its split.
 * @param random Seed and epoch; absent where nothing trains, as in extraction.
 * @returns The stream of numbers.
 *
 * @example Another epoch, other numbers
 * ```ts
 * import { assertEquals, assertNotEquals } from "@std/assert";
 *
 * const draw = (epoch: number) => randomOf(7, { seed: 1, epoch }).uint32();
 * assertEquals(draw(0), draw(0));
 * assertNotEquals(draw(0), draw(1));
 * ```
 */
export function randomOf(index: number, random: ReadRandom = { seed: 0, epoch: 0 }): Random {
  return new Random(deriveSeed(random.seed, "image", random.epoch, index));
}
