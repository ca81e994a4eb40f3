import { assert, assertEquals } from "@std/assert";
import { bagAttention, meanAttention } from "../../../jobs/attention/bag_attention.ts";

const log = (...values: number[]) => values.map(Math.log);
const near = (a: Float32Array, b: readonly number[]) =>
  assert(a.length === b.length && a.every((value, at) => Math.abs(value - b[at]) < 1e-6), `${a}`);

Deno.test("bagAttention() takes the branch of the predicted class", () => {
  const [first, second] = bagAttention({
    lengths: Int32Array.of(2, 1),
    attention: Float32Array.from([...log(1, 3), 5, ...log(4, 1), 6]),
    perClass: true,
    scores: Float32Array.of(0.2, 0.8, 0.9, 0.1),
    numClasses: 2,
  });
  near(first.weights, [0.8, 0.2]);
  near(second.weights, [1]);
  assertEquals(first.instanceScores, undefined);
});

Deno.test("bagAttention() averages heads, and cuts instance scores bag by bag", () => {
  const all = bagAttention({
    lengths: Int32Array.of(1, 2),
    attention: Float32Array.from([9, ...log(1, 3), 9, ...log(1, 1)]),
    perClass: false,
    scores: Float32Array.of(1, 0, 1, 0),
    instanceScores: Float32Array.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6),
    numClasses: 2,
  });
  near(all[1].weights, [0.375, 0.625]);
  assertEquals(all[1].instanceScores, Float32Array.of(0.3, 0.4, 0.5, 0.6));
});

Deno.test("meanAttention() averages models", () => {
  const one = { weights: Float32Array.of(0.25, 0.75), instanceScores: Float32Array.of(0, 1) };
  const two = { weights: Float32Array.of(0.75, 0.25), instanceScores: Float32Array.of(1, 1) };
  const { weights, instanceScores } = meanAttention([one, two]);
  assertEquals([[...weights], [...instanceScores!]], [[0.5, 0.5], [0.5, 1]]);
  assertEquals("instanceScores" in meanAttention([one, { weights: two.weights }]), false);
});

Deno.test("meanAttention() takes the branch of the class that the models predict together", () => {
  const [sure, unsure] = [[0.9, 0.1], [0.4, 0.6]].map((scores, model) =>
    bagAttention({
      lengths: Int32Array.of(2),
      attention: Float32Array.from([...log(1, 3), ...log(4 - model, 1)]),
      perClass: true,
      scores: Float32Array.from(scores),
      numClasses: 2,
    })[0]
  );
  near(unsure.weights, [0.75, 0.25]);
  near(meanAttention([sure, unsure], 0).weights, [0.25, 0.75]);
  near(meanAttention([sure, unsure], 1).weights, [0.775, 0.225]);
});
