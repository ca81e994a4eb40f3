import { assertEquals, assertRejects } from "@std/assert";
import type { RowRange } from "../../../engine/storage/hdf5/row_plan.ts";
import { joinScans, type ScannedRows, scanValues } from "../../../jobs/inspect/value_scan.ts";

/** Rows that are all ones, but for some values; and the blocks in which they are read. */
function rowsWith(
  [rows, width]: readonly [number, number],
  values: Readonly<Record<number, number>>,
): ScannedRows & { readonly blocks: number[] } {
  const blocks: number[] = [];
  const read = ([{ start, count }]: readonly RowRange[], target: Float32Array) => {
    blocks.push(count);
    target.fill(1);
    for (const [at, value] of Object.entries(values)) {
      const place = Number(at) - start * width;
      if (place >= 0 && place < count * width) target[place] = value;
    }
  };
  return { path: "a.npy", rows, width, read, blocks };
}

Deno.test("scanValues() names the first row with NaN or Inf, and counts the others", async () => {
  const rows = rowsWith([5, 3], { 4: NaN, 5: -Infinity, 13: Infinity });
  assertEquals(await scanValues(rows), {
    ...{ rows: 5, nanRows: 1, infRows: 2 },
    problem: 'Cannot use "a.npy": row 1 holds NaN and Inf; 2 of its 5 rows hold NaN or Inf',
  });
  const { problem } = await scanValues({ ...rowsWith([2, 2], { 2: NaN }), key: "feats" });
  assertEquals(problem, 'Cannot use "a.npy": dataset "feats", row 1 holds NaN');
});

Deno.test("scanValues() reads a bounded number of values at a time", async () => {
  const width = 1 << 20;
  const rows = rowsWith([5, width], { [3 * width]: NaN });
  const done: number[] = [];
  const { nanRows } = await scanValues(rows, { onRows: (count) => done.push(count) });
  assertEquals([nanRows, rows.blocks, done], [1, [2, 2, 1], [2, 4, 5]]);
  const whole = { ...rowsWith([5, width], {}), whole: true };
  assertEquals((await scanValues(whole)).problem, undefined);
  assertEquals(whole.blocks, [5]);
  const wide = rowsWith([2, 4 * width], {});
  await scanValues(wide);
  assertEquals(wide.blocks, [1, 1]);
});

Deno.test("scanValues() stops between two blocks", async () => {
  const abort = new AbortController();
  const rows = rowsWith([4, 1 << 21], {});
  const scan = scanValues(rows, { signal: abort.signal, onRows: () => abort.abort() });
  await assertRejects(() => scan, DOMException);
  assertEquals(rows.blocks, [1]);
});

Deno.test("joinScans() adds up", () => {
  assertEquals(joinScans([]), { rows: 0, nanRows: 0, infRows: 0 });
});
