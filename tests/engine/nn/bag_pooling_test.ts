import { assertEquals } from "@std/assert";
import type { Tensor } from "../../../engine/ir/node.ts";
import { bagMaxima, bagMeans, bagSoftmax, bagSums } from "../../../engine/nn/bag_pooling.ts";
import { gradients } from "../../../engine/autodiff/backward.ts";
import { reduceSum } from "../../../engine/ir/matrix.ts";
import { bagGrid, type Bags } from "../../../engine/nn/bags.ts";
import { relativeError } from "../../_golden.ts";
import { checkGradients } from "../_gradient_check.ts";
import { evaluateOn, indices, sample } from "../_run.ts";

const lengths = indices([2, 1, 3], [3], ["batch"]);
const index = indices([0, 0, 1, 2, 2, 2], [6], ["instances"]);
const scores = sample([2, 6], { declared: [2, "instances"] });
const rows = sample([6, 4], { declared: ["instances", 4], seed: 2 });
/** Rows of each bag. */
const MEMBERS = [[0, 1], [2], [3, 4, 5]];

function onBags(build: (bags: Bags, ...rest: Tensor[]) => Tensor) {
  return (lengths: Tensor, index: Tensor, ...rest: Tensor[]) => build({ lengths, index }, ...rest);
}

/** Of each bag, its values of each column. */
function columns(): number[][] {
  return MEMBERS.flatMap((members) =>
    [0, 1, 2, 3].map((column) => members.map((row) => rows.values[row * 4 + column]))
  );
}

Deno.test("bagSoftmax() is a softmax within each bag, and its gradient is right", async () => {
  const build = onBags((bags, scores) => bagSoftmax(scores, bagGrid(bags)));
  const { values, shape } = await evaluateOn(build, lengths, index, scores);
  const expected = [0, 6].flatMap((start) =>
    MEMBERS.flatMap((members) => {
      const powers = members.map((row) => Math.exp(scores.values[start + row]));
      return powers.map((power) => power / powers.reduce((a, b) => a + b));
    })
  );
  assertEquals(shape, [2, 6]);
  assertEquals(relativeError(values, expected) < 1e-6, true);
  await checkGradients(build, [lengths, index, scores]);
});

Deno.test("bagSums() sums each bag by weight, and its gradients are right", async () => {
  const build = onBags((bags, weights, rows) => bagSums(weights, rows, bags));
  const { values, shape } = await evaluateOn(build, lengths, index, scores, rows);
  const expected = [0, 6].flatMap((start) =>
    MEMBERS.flatMap((members) =>
      [0, 1, 2, 3].map((column) =>
        members.reduce(
          (sum, row) => sum + scores.values[start + row] * rows.values[row * 4 + column],
          0,
        )
      )
    )
  );
  assertEquals(shape, [2, 3, 4]);
  assertEquals(relativeError(values, expected) < 1e-6, true);
  await checkGradients(build, [lengths, index, scores, rows]);
});

Deno.test("bagMeans() averages each bag, and its gradient is right", async () => {
  const build = onBags((bags, rows) => bagMeans(rows, bags));
  const { values, shape } = await evaluateOn(build, lengths, index, rows);
  const expected = columns().map((entries) => entries.reduce((a, b) => a + b) / entries.length);
  assertEquals(shape, [3, 4]);
  assertEquals(relativeError(values, expected) < 1e-6, true);
  await checkGradients(build, [lengths, index, rows]);
});

Deno.test("bagMaxima() is exact, and sends its gradient to the largest", async () => {
  const build = onBags((bags, rows) => bagMaxima(rows, bags));
  const { values } = await evaluateOn(build, lengths, index, rows);
  assertEquals(values, columns().map((entries) => Math.max(...entries)));
  await checkGradients(build, [lengths, index, rows]);
});

Deno.test("bagMaxima() shares the gradient among ties, negative ones too", async () => {
  const tied = { values: [-2, -2, -7], shape: [3, 1], declared: ["instances", 1] };
  const samples = [indices([3], [1], ["batch"]), indices([0, 0, 0], [3], ["instances"])] as const;
  const build = onBags((bags, rows) => bagMaxima(rows, bags));
  assertEquals((await evaluateOn(build, ...samples, tied)).values, [-2]);
  const graph = onBags((bags, rows) => gradients(reduceSum(bagMaxima(rows, bags)), [rows])[0]);
  assertEquals((await evaluateOn(graph, ...samples, tied)).values, [0.5, 0.5, 0]);
});
