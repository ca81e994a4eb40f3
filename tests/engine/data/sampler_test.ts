import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import { classWeights, drawInstances, epochOrder } from "../../../engine/data/sampler.ts";

const SAMPLES = Int32Array.from({ length: 50 }, (_, i) => i + 10);

Deno.test("epochOrder() keeps the given order without shuffle, as a copy", () => {
  const order = epochOrder(SAMPLES, { seed: 1, epoch: 2 });
  assertEquals(order, SAMPLES);
  assert(order.buffer !== SAMPLES.buffer);
});

Deno.test("epochOrder() shuffles by seed and epoch alone", () => {
  const shuffled = (seed: number, epoch: number) =>
    epochOrder(SAMPLES, { seed, epoch, shuffle: true });
  assertEquals(shuffled(1, 2), shuffled(1, 2));
  assertEquals(shuffled(1, 2).toSorted(), SAMPLES);
  assertNotEquals(shuffled(1, 2), shuffled(1, 3));
  assertNotEquals(shuffled(1, 2), shuffled(2, 2));
});

Deno.test("epochOrder() draws in proportion to weights", () => {
  const samples = Int32Array.from({ length: 20_000 }, (_, i) => i);
  const weights = Float64Array.from(samples, (i) => i % 4);
  const order = epochOrder(samples, { seed: 5, epoch: 0, weights });
  assertEquals(order, epochOrder(samples, { seed: 5, epoch: 0, weights }));
  const counts = [0, 0, 0, 0];
  for (const sample of order) counts[sample % 4]++;
  assertEquals(counts[0], 0);
  for (const weight of [1, 2, 3]) assertAlmostEquals(counts[weight], 20_000 * weight / 6, 400);
});

Deno.test("epochOrder() throws on unusable weights", () => {
  const draw = (...weights: number[]) =>
    epochOrder(Int32Array.of(0, 1), { seed: 0, epoch: 0, weights: Float64Array.from(weights) });
  assertThrows(() => draw(1, -1), RangeError, "weight 1 is -1");
  assertThrows(() => draw(NaN, 1), RangeError, "weight 0 is NaN");
  assertThrows(() => draw(0, 0), RangeError, "the weights sum to 0");
  assertThrows(() => draw(1, 1, 1), RangeError, "received 3 weights");
});

Deno.test("classWeights() are N / n_class of the samples drawn from", () => {
  const labels = { values: Int32Array.of(5, 5, 5, 9, 9, 7), width: 1 };
  const weights = classWeights(labels, Int32Array.of(0, 1, 3, 5));
  assertEquals([...weights], [2, 2, 4, 4]);
});

Deno.test("classWeights() throws on targets that are not classes", () => {
  const labels = { values: Float32Array.of(0, 1), width: 1 };
  assertThrows(() => classWeights(labels, Int32Array.of(0, 1)), TypeError, "not class indices");
});

Deno.test("drawInstances() makes every subset equally likely", () => {
  const counts = new Map<string, number>();
  for (let seed = 0; seed < 10_000; seed++) {
    const drawn = drawInstances(5, 2, seed)!;
    assert(drawn[0] < drawn[1]);
    const key = drawn.join();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  assertEquals(counts.size, 10);
  for (const count of counts.values()) assertAlmostEquals(count, 1000, 150);
});

Deno.test("drawInstances() leaves small bags whole", () => {
  assertEquals(drawInstances(3, 3, 0), undefined);
  assertEquals(drawInstances(1, 3, 0), undefined);
});
