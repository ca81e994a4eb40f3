import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../../engine/errors.ts";
import { Hdf5Dataset, type StorageFacts } from "../../../../engine/storage/hdf5/dataset.ts";
import type { Hdf5Rows } from "../../../../engine/storage/hdf5/rows.ts";
import type { NumberFormat } from "../../../../engine/storage/number_format.ts";

const FORMAT: NumberFormat = { kind: "float", size: 4, littleEndian: true };

/** A dataset without file: value `v` of row `r` is `r + v / 1000`. Notes what is read. */
function fake(
  shape: readonly number[],
  format: NumberFormat = FORMAT,
  chunkRows = 1,
  facts: StorageFacts = {},
) {
  const reads: (readonly [start: number, count: number])[] = [];
  const rowSize = shape.slice(1).reduce((a, b) => a * b, 1);
  const rows: Hdf5Rows = {
    chunkRows,
    gapBytes: 0,
    read(start, count, target) {
      reads.push([start, count]);
      const values = Array.from({ length: count * rowSize }, (_, i) => {
        return start + Math.floor(i / rowSize) + (i % rowSize) / 1000;
      });
      const stored = format.size === 8 ? Float64Array.from(values) : Float32Array.from(values);
      target.set(new Uint8Array(stored.buffer));
    },
    close() {
      reads.length = 0;
    },
  };
  const header = { file: "x.h5", name: "features", shape, filters: [], format };
  return { dataset: new Hdf5Dataset(header, rows, facts), reads };
}

Deno.test("Hdf5Dataset reads large ranges in bounded pieces", () => {
  const { dataset, reads } = fake([5000, 1000], { ...FORMAT, kind: "float", size: 8 });
  const values = dataset.readRows(10, 3000);
  assertEquals(values[0], 10);
  assertEquals(values.at(-1), Math.fround(3009.999));
  assert(reads.length > 1);
  assert(reads.every(([, count]) => count * 8000 <= 4 << 20));
});

Deno.test("Hdf5Dataset.gatherRows() reads in the order of the file, each row once", () => {
  const { dataset, reads } = fake([100, 2]);
  const values = dataset.gatherRows(new Int32Array([50, 3, 4, 50, 99]));
  assertEquals([...values.filter((_, i) => i % 2 === 0)], [50, 3, 4, 50, 99]);
  assertEquals(reads, [[3, 2], [50, 1], [99, 1]]);
});

Deno.test("Hdf5Dataset.gatherRows() asks once for the rows of a chunk", () => {
  const { dataset, reads } = fake([100, 2], FORMAT, 10);
  dataset.gatherRows(new Int32Array([19, 11, 42]));
  assertEquals(reads, [[11, 9], [42, 1]]);
});

Deno.test("Hdf5Dataset counts rows and values of every shape", () => {
  const sizes = (shape: readonly number[]) => {
    const { dataset } = fake(shape);
    return [dataset.rows, dataset.rowSize];
  };
  assertEquals(sizes([]), [1, 1]);
  assertEquals(sizes([7]), [7, 1]);
  assertEquals(sizes([7, 2, 3]), [7, 6]);
  assertEquals(sizes([0, 3]), [0, 3]);
  assertEquals(fake([0, 3]).dataset.readRows().length, 0);
});

Deno.test("Hdf5Dataset.close() closes its source", () => {
  const { dataset, reads } = fake([3, 1]);
  dataset.readRows();
  assertEquals(reads.length, 1);
  dataset.close();
  assertEquals(reads.length, 0);
});

Deno.test("Hdf5Dataset makes no room for more than its file can hold", () => {
  const stored = { storedBytes: 2000 };
  const { dataset } = fake([2 ** 31], FORMAT, 1, stored);
  const state = `dataset "features" declares ${2 ** 31} values, more than 2000 bytes can hold`;
  assertThrows(() => dataset.readNumbers(), DataError, state);
  assertThrows(() => dataset.expectStored(2 ** 30), DataError, "more than 2000 bytes can hold");
  dataset.expectStored(1000);
  assertThrows(() => fake([4, 2 ** 26], FORMAT, 1, stored), DataError, "more than 2000 bytes");
  assertThrows(() => fake([4, 2 ** 40]), DataError, "more than can be read at once");
});
