import { assert, assertEquals } from "@std/assert";
import {
  planReads,
  rangesOf,
  type RowCost,
  type RowRange,
} from "../../../../engine/storage/hdf5/row_plan.ts";

const one = (start: number, to: number): RowRange => ({ start, count: 1, to });

Deno.test("rangesOf() joins neighbours and adds offsets", () => {
  assertEquals(rangesOf(new Int32Array([0, 1, 2, 5]), 10, 100), [
    { start: 100, count: 3, to: 10 },
    { start: 105, count: 1, to: 13 },
  ]);
  assertEquals(rangesOf(new Int32Array([2, 2])), [one(2, 0), one(2, 1)]);
  assertEquals(rangesOf(new Int32Array(0)), []);
});

Deno.test("planReads() joins across gaps and inside chunks only", () => {
  const wanted = [one(9, 0), one(0, 1), one(3, 2)];
  const starts = (cost: RowCost) => planReads(wanted, cost).map((read) => [read.start, read.count]);
  assertEquals(starts({ chunkRows: 1, gapRows: 0, maxRows: 99 }), [[0, 1], [3, 1], [9, 1]]);
  assertEquals(starts({ chunkRows: 1, gapRows: 2, maxRows: 99 }), [[0, 4], [9, 1]]);
  assertEquals(starts({ chunkRows: 4, gapRows: 0, maxRows: 99 }), [[0, 4], [9, 1]]);
  assertEquals(starts({ chunkRows: 1, gapRows: 9, maxRows: 99 }), [[0, 10]]);
  assertEquals(starts({ chunkRows: 1, gapRows: 9, maxRows: 5 }), [[0, 4], [9, 1]]);
});

Deno.test("planReads() delivers every wanted row once, in bounded reads", () => {
  let seed = 1;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  for (let round = 0; round < 200; round++) {
    let rows = 0;
    const wanted = Array.from({ length: random(12) }, () => {
      const range = { start: random(60), count: 1 + random(30), to: rows };
      rows += range.count;
      return range;
    });
    const maxRows = 8 + random(20);
    const cost = { chunkRows: 1 + random(8), gapRows: random(5), maxRows };
    const result = new Int32Array(rows).fill(-1);
    for (const read of planReads(wanted, cost)) {
      assert(read.count <= maxRows);
      for (const { start, count, to } of read.ranges) {
        assert(start >= read.start && start + count <= read.start + read.count);
        for (let i = 0; i < count; i++) result[to + i] = start + i;
      }
    }
    const expected = wanted.flatMap(({ start, count }) =>
      Array.from({ length: count }, (_, i) => start + i)
    );
    assertEquals([...result], expected);
  }
});
