import { assertEquals, assertNotEquals } from "@std/assert";
import { sampleIndices } from "../../../jobs/plot_umap/sample.ts";

const labels = Int32Array.from({ length: 1000 }, (_, index) => index < 900 ? 0 : 1 + index % 3);

/** Samples per class. */
function counts(indices: Int32Array): Record<number, number> {
  const found: Record<number, number> = {};
  for (const index of indices) found[labels[index]] = (found[labels[index]] ?? 0) + 1;
  return found;
}

Deno.test("sampleIndices() takes all samples where there are not too many", () => {
  const all = sampleIndices(labels, { maxSamples: 1000, maxPerClass: 1, seed: 42 });
  assertEquals(all, Int32Array.from(labels, (_, index) => index));
});

Deno.test("sampleIndices() takes up to so many of each class, and of those up to so many", () => {
  const some = sampleIndices(labels, { maxSamples: 999, maxPerClass: 50, seed: 42 });
  assertEquals(counts(some), { 0: 50, 1: 34, 2: 33, 3: 33 });
  assertEquals([...some], [...new Set(some)].sort((a, b) => a - b));
  const fewer = sampleIndices(labels, { maxSamples: 60, maxPerClass: 50, seed: 42 });
  assertEquals(fewer.length, 60);
  assertEquals(Object.keys(counts(fewer)), ["0", "1", "2", "3"]);
});

Deno.test("sampleIndices() depends on the seed alone", () => {
  const draw = (seed: number) => sampleIndices(labels, { maxSamples: 99, maxPerClass: 20, seed });
  assertEquals(draw(1), draw(1));
  assertNotEquals(draw(1), draw(2));
});
