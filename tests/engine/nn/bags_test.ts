import { assertEquals } from "@std/assert";
import type { Tensor } from "../../../engine/ir/node.ts";
import {
  atMost,
  type BagGrid,
  bagGrid,
  bagIndex,
  fromGrid,
  gridRows,
  membership,
  toGrid,
} from "../../../engine/nn/bags.ts";
import { checkGradients } from "../_gradient_check.ts";
import { evaluateOn, indices, sample } from "../_run.ts";

const lengths = indices([2, 1, 3], [3], ["batch"]);
const index = indices([0, 0, 1, 2, 2, 2], [6], ["instances"]);
const values = sample([2, 6], { declared: [2, "instances"] });

function onGrid(build: (grid: BagGrid, ...rest: Tensor[]) => Tensor) {
  return (lengths: Tensor, index: Tensor, ...rest: Tensor[]) =>
    build(bagGrid({ lengths, index }), ...rest);
}

async function ofGrid(build: (grid: BagGrid, ...rest: Tensor[]) => Tensor): Promise<number[]> {
  return [...(await evaluateOn(onGrid(build), lengths, index)).values];
}

Deno.test("bagGrid() lays out one line per bag", async () => {
  assertEquals(await ofGrid(({ starts }) => starts), [0, 2, 3]);
  assertEquals(await ofGrid(({ longest }) => longest), [3]);
  assertEquals(await ofGrid(({ shortest }) => shortest), [1]);
  assertEquals(await ofGrid(({ positions }) => positions), [0, 1, 2]);
  assertEquals(await ofGrid(({ valid }) => valid), [1, 1, 0, 1, 0, 0, 1, 1, 1]);
  assertEquals(await ofGrid(({ cells }) => cells), [0, 1, 3, 6, 7, 8]);
});

Deno.test("gridRows() gives the last row of a bag beyond its end", async () => {
  const positions = indices([0, 1, 0, 1, 2, 7], [3, 2], ["batch", 2]);
  const build = onGrid((grid, positions) => gridRows(grid, positions));
  assertEquals((await evaluateOn(build, lengths, index, positions)).values, [0, 1, 2, 2, 5, 5]);
});

Deno.test("toGrid() repeats the last instance of a bag", async () => {
  const { values: cells, shape } = await evaluateOn(
    onGrid((grid, values) => toGrid(values, grid)),
    lengths,
    index,
    values,
  );
  const [a, b] = [values.values.slice(0, 6), values.values.slice(6)];
  const line = (v: readonly number[]) => [0, 1, 1, 2, 2, 2, 3, 4, 5].map((row) => v[row]);
  assertEquals(shape, [2, 3, 3]);
  assertEquals(cells, [...line(a), ...line(b)]);
});

Deno.test("fromGrid() undoes toGrid()", async () => {
  const build = onGrid((grid, values) => fromGrid(toGrid(values, grid), grid));
  assertEquals((await evaluateOn(build, lengths, index, values)).values, values.values);
});

Deno.test("toGrid() and fromGrid() have gradients", async () => {
  const build = onGrid((grid, values) => toGrid(values, grid));
  await checkGradients(build, [lengths, index, values]);
  await checkGradients(onGrid((grid, values) => fromGrid(toGrid(values, grid), grid)), [
    lengths,
    index,
    values,
  ]);
});

Deno.test("membership() marks each row's bag, and none for -1", async () => {
  const partly = indices([1, 2, -1], [3], ["rows"]);
  const { values, shape } = await evaluateOn(membership, partly, lengths);
  assertEquals(shape, [3, 3]);
  assertEquals(values, [0, 0, 0, 1, 0, 0, 0, 1, 0]);
});

Deno.test("atMost() takes the smaller number", async () => {
  assertEquals((await evaluateOn((n) => atMost(2, n), lengths)).values, [2, 1, 2]);
});

Deno.test("bagIndex() gives the bag of each row, of one bag or of many", async () => {
  for (const sizes of [[4], [1], [2, 1, 3], [1, 1, 1]]) {
    const rows = sizes.reduce((a, b) => a + b);
    const lengths = indices(sizes, [sizes.length], ["batch"]);
    const features = sample([rows, 2], { declared: ["instances", 2] });
    const { values } = await evaluateOn(bagIndex, lengths, features);
    assertEquals(values, sizes.flatMap((size, bag) => new Array(size).fill(bag)));
  }
});
