import { assertEquals } from "@std/assert";
import {
  accumulateRankings,
  meanOfDefined,
  rankClasses,
} from "../../../plugins/metric/_ranking.ts";
import { SampleStore } from "../../../plugins/metric/_samples.ts";
import type { MetricInput } from "../../../registry/plugin.ts";
import { batch, generator, randomCases, split } from "./_cases.ts";

function rank(...batches: MetricInput[]) {
  const store = new SampleStore("auroc", batches[0]);
  for (const each of batches) store.update(each);
  return rankClasses(store);
}

Deno.test("rankClasses() counts the negatives above and at every positive", () => {
  for (const { name, input } of randomCases()) {
    if (input.subtask === "regression" || name === "generated") continue;
    const { count, numClasses, scores, labels, subtask } = input;
    const rankings = rank(...split(input, [2, 9]));
    assertEquals(rankings.length, numClasses);
    rankings.forEach(({ positives, negatives, above, atLeast }, c) => {
      const own: number[] = [];
      const other: number[] = [];
      for (let i = 0; i < count; i++) {
        const yes = subtask === "multiclass" ? labels[i] === c : labels[i * numClasses + c] === 1;
        (yes ? own : other).push(scores[i * numClasses + c]);
      }
      own.sort((a, b) => a - b);
      assertEquals([...positives], own, name);
      assertEquals(negatives, other.length, name);
      assertEquals([...above], own.map((s) => other.filter((t) => t > s).length), name);
      assertEquals([...atLeast], own.map((s) => other.filter((t) => t >= s).length), name);
    });
  }
});

Deno.test("rankClasses() is empty when a score is NaN or there are no samples", () => {
  const first = batch("multiclass", 2, [0.5, 0.5, 1, NaN], [0, 1]);
  assertEquals(rank(first), []);
  assertEquals(rank(first, batch("multiclass", 2, [0.1, 0.9], [1])), []);
  assertEquals(rank(batch("multiclass", 2, [], [])), []);
});

Deno.test("rankClasses() stays fast with 1000 classes, and when all scores are equal", () => {
  const [count, num_classes] = [2000, 1000];
  const draw = generator(3);
  const labels = Int32Array.from({ length: count }, () => draw() % num_classes);
  const scores = new Float32Array(count * num_classes).fill(0.001);
  const rankings = rank(batch("multiclass", num_classes, scores, labels));
  for (const { positives, negatives, above, atLeast } of rankings) {
    assertEquals(positives.length + negatives, count);
    assertEquals(above.every((value) => value === 0), true);
    assertEquals(atLeast.every((value) => value === negatives), true);
  }
});

Deno.test("accumulateRankings() computes from all samples so far", () => {
  const input = batch("multiclass", 2, [0.9, 0.1, 0.8, 0.2, 0.3, 0.7], [0, 0, 1]);
  const accumulator = accumulateRankings("ap", input, ([first, second]) => ({
    first: first.positives.length,
    second: second.positives.length,
  }));
  for (const rounds of [1, 2]) {
    accumulator.update(input);
    assertEquals(accumulator.compute(), { first: 2 * rounds, second: rounds });
  }
});

Deno.test("meanOfDefined() leaves out NaN, and is NaN if nothing else is there", () => {
  assertEquals(meanOfDefined([NaN, 1, 0]), 0.5);
  assertEquals(meanOfDefined([NaN]), NaN);
});
