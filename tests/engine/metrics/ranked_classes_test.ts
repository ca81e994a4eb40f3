import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  areaUnderRoc,
  averagePrecision,
  rankSamples,
} from "../../../engine/metrics/ranked_classes.ts";
import { Random } from "../../../engine/random.ts";

const LABEL = { task: "Classification", subtask: "multilabel", numClasses: 1 } as const;

function rank(scores: number[], labels: number[]) {
  const samples = { scores: Float32Array.from(scores), labels: Float32Array.from(labels) };
  return rankSamples({ ...LABEL, count: scores.length, ...samples })[0];
}

Deno.test("rankSamples() ranks one class against the rest", () => {
  const [first, second] = rankSamples({
    task: "Classification",
    subtask: "multiclass",
    numClasses: 2,
    count: 3,
    scores: Float32Array.of(0.1, 0.9, 0.6, 0.4, 0.1, 0.9),
    labels: Int32Array.of(1, 0, 0),
  });
  assertEquals([[...first.order], [...first.positive]], [[1, 0, 2], [1, 0, 1]]);
  assertEquals([...first.closes], [1, 0, 1]);
  assertEquals([[...second.order], [...second.positive]], [[0, 2, 1], [1, 0, 0]]);
});

Deno.test("areaUnderRoc() is the share of pairs in order, averagePrecision() the mean precision at positives", () => {
  const random = new Random(6);
  const scores = Array.from({ length: 40 }, () => random.integer(12) / 12);
  const labels = scores.map(() => random.integer(2));
  const ranked = rank(scores, labels);
  for (let round = 0; round < 5; round++) {
    const counts = Int32Array.from(scores, () => random.integer(4));
    let [right, pairs, precisions, positives] = [0, 0, 0, 0];
    for (const [i, label] of labels.entries()) {
      if (label === 0) continue;
      let [hits, all] = [0, 0];
      for (const [j, other] of labels.entries()) {
        if (scores[j] >= scores[i]) [hits, all] = [hits + other * counts[j], all + counts[j]];
        if (other === 1) continue;
        const weight = counts[i] * counts[j];
        pairs += weight;
        right += weight * (scores[i] > scores[j] ? 1 : scores[i] === scores[j] ? 0.5 : 0);
      }
      positives += counts[i];
      if (counts[i] > 0) precisions += counts[i] * hits / all;
    }
    assertAlmostEquals(areaUnderRoc(ranked, counts), right / pairs, 1e-12);
    assertAlmostEquals(averagePrecision(ranked, counts), precisions / positives, 1e-12);
  }
});

Deno.test("areas are NaN where a resample lacks positives, that under ROC also without negatives", () => {
  const ranked = rank([0.9, 0.1], [1, 0]);
  assertEquals(areaUnderRoc(ranked, Int32Array.of(0, 2)), NaN);
  assertEquals(areaUnderRoc(ranked, Int32Array.of(2, 0)), NaN);
  assertEquals(averagePrecision(ranked, Int32Array.of(0, 2)), NaN);
  assertEquals(averagePrecision(ranked, Int32Array.of(2, 0)), 1);
});
