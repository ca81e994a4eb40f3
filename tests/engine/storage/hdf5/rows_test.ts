import { assertEquals } from "@std/assert";
import { Hdf5File } from "../../../../engine/storage/hdf5/hdf5.ts";
import { rowError } from "../../../../engine/storage/hdf5/rows.ts";
import { H5_FOLDER } from "../testdata.ts";

Deno.test("rowError() names file, dataset and rows", () => {
  const header = { file: "x.h5", name: "features" };
  const one = rowError(header, [7, 1], { state: "a chunk is damaged" });
  assertEquals(one.message, 'Cannot read "x.h5": dataset "features", row 7: a chunk is damaged');
  assertEquals([one.file, one.dataset, one.index], ["x.h5", "features", 7]);
  const many = rowError(header, [7, 3], { state: "cut off" });
  assertEquals(many.message, 'Cannot read "x.h5": dataset "features", rows 7 to 9: cut off');
});

for (const direct of [true, false]) {
  Deno.test(`A damaged chunk spares the others (direct: ${direct})`, async () => {
    using file = await Hdf5File.open(`${H5_FOLDER}/corrupt_chunk.h5`, { direct });
    const features = await file.dataset("features");
    const damaged: number[] = [];
    for (let row = 0; row < features.rows; row++) {
      try {
        features.readRows(row, 1);
      } catch (error) {
        assertEquals((error as Error).message.includes(`row ${row}: `), true);
        damaged.push(row);
      }
    }
    assertEquals(damaged.length, features.header.chunks?.[0]);
  });
}
