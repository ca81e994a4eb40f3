import { assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { bagPointers } from "../../../engine/features/bag_pointers.ts";
import { Hdf5File } from "../../../engine/storage/hdf5/hdf5.ts";
import { H5_FOLDER } from "../storage/testdata.ts";

const features = { name: "features", shape: [14, 6] };
const options = { ptrKey: "bag_ptr", lengthsKey: "bag_lengths", bags: 4, rows: 14, features };

Deno.test("bagPointers() gives the same lengths from pointers and from lengths", async () => {
  for (const [name, from] of [["bags_ptr.h5", "bag_ptr"], ["bags_lengths.h5", "bag_lengths"]]) {
    using file = await Hdf5File.open(`${H5_FOLDER}/${name}`);
    const pointers = await bagPointers(file, options);
    assertEquals(pointers, { name: from, lengths: new Int32Array([3, 1, 8, 2]) });
  }
});

Deno.test("bagPointers() gives nothing where the file carries neither dataset", async () => {
  using file = await Hdf5File.open(`${H5_FOLDER}/bags_ptr.h5`);
  assertEquals(await bagPointers(file, { ...options, ptrKey: "no_such_dataset" }), undefined);
});

Deno.test("bagPointers() refuses pointers for other labels, of other shape or no pointers", async () => {
  using file = await Hdf5File.open(`${H5_FOLDER}/bags_lengths.h5`);
  const refused = (change: Partial<typeof options>, reason: string) =>
    assertRejects(() => bagPointers(file, { ...options, ...change }), DataError, reason);
  await refused({ bags: 5 }, 'dataset "bag_lengths" has 4 entries but there are 5 labels');
  await refused({ rows: 15 }, 'dataset "bag_lengths" sums to 14 but there are 15 feature rows');
  await refused({ ptrKey: "features" }, 'dataset "features" has 2 dimensions, wants 1');
});
