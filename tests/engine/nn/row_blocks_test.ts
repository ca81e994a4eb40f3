import { assertEquals } from "@std/assert";
import type { Tensor } from "../../../engine/ir/node.ts";
import { blockCount, rowBlocks } from "../../../engine/nn/row_blocks.ts";
import { checkGradients } from "../_gradient_check.ts";
import { evaluateOn, indices, sample } from "../_run.ts";

Deno.test("blockCount() cuts many rows and leaves few whole", () => {
  assertEquals([0, 1, 1799, 2400, 18_768, 1e9].map(blockCount), [1, 1, 1, 2, 16, 16]);
});

for (const rows of [1, 2, 3, 4, 5, 7, 8, 9]) {
  Deno.test(`rowBlocks() cuts ${rows} rows into 4 blocks`, async () => {
    const index = indices(Array.from({ length: rows }, (_, row) => row), [rows], ["rows"]);
    const values: number[] = [];
    for (let number = 0; number < 4; number++) {
      const build = (index: Tensor) => rowBlocks(index, 4)[number].bagIndex(index);
      values.push(...(await evaluateOn(build, index)).values);
    }
    assertEquals(values.filter((value) => value !== -1), index.values);
    assertEquals(values.slice(0, rows), index.values, "repeated rows are at the end");
  });
}

Deno.test("rowBlocks() cuts along any axis, with a gradient", async () => {
  const wide = sample([2, 5], { declared: [2, "rows"] });
  const features = sample([5, 1], { declared: ["rows", 1], frozen: true });
  const build = (features: Tensor, wide: Tensor) => rowBlocks(features, 2)[1].cut(wide, 1);
  const { values } = wide;
  const expected = [3, 4, 8, 9].map((index) => values[index]);
  assertEquals((await evaluateOn(build, features, wide)).values, expected);
  await checkGradients(build, [features, wide]);
});

Deno.test("rowBlocks() leaves things alone where there is one block", async () => {
  const index = indices([4, 2], [2], ["rows"]);
  const build = (index: Tensor) =>
    rowBlocks(index, 1)[0].bagIndex(rowBlocks(index, 1)[0].cut(index));
  assertEquals((await evaluateOn(build, index)).values, [4, 2]);
});
