/**
 * Files with changed bytes, read by this package and by the HDF5 library: where both read one, they
 * read the same.
 */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { DataError } from "../../../../engine/errors.ts";
import { Hdf5File } from "../../../../engine/storage/hdf5/hdf5.ts";
import { LibraryFile } from "../../../../engine/storage/hdf5/library_client.ts";
import { changeBytes, randomNumbers } from "../../../_mutations.ts";
import { KINDS_FOLDER, LAYOUT_FOLDER, readLayouts, TemporaryFolder } from "../testdata.ts";

/** Files without filters and with them, of every index of chunks and both kinds of headers. */
const FILES: Readonly<Record<string, string>> = Object.fromEntries([
  ...[
    ...["big_endian_f16.h5", "column_chunks_3d.h5", "column_chunks_gzip.h5", "dense_group.h5"],
    ...["fletcher_odd.h5", "grown.h5", "latest_btree2.h5", "latest_contiguous.h5"],
    ...["latest_extensible.h5", "latest_fixed_array.h5", "latest_fixed_array_plain.h5"],
    ...["latest_single_chunk.h5", "many_names.h5", "track_order.h5", "user_block.h5"],
  ].map((name) => [`${LAYOUT_FOLDER}/${name}`, readLayouts()[name].dataset]),
  ...["int40.h5", "uint12_be_gzip.h5", "fill.h5", "compact.h5", "may_grow_plain.h5", "shrunk.h5"]
    .map((name) => [`${KINDS_FOLDER}/${name}`, "features"]),
]);

/** How many changed copies of each file are read. */
const ROUNDS = 8;

/** Everything that a dataset holds, or the error that it gives. */
async function read(path: string, dataset: string, direct: boolean): Promise<string | DataError> {
  try {
    using file = await Hdf5File.open(path, { direct });
    const { header, ...opened } = await file.dataset(dataset)
      .then((dataset) => ({ header: dataset.header, numbers: dataset.readNumbers() }));
    return JSON.stringify([header.shape, Array.from(opened.numbers, String)]);
  } catch (error) {
    assert(error instanceof DataError, String(error));
    assertEquals(error.message.split("\n").length, 1);
    assert(!error.message.includes("gave no answer"), error.message);
    return error;
  }
}

Deno.test("Hdf5Dataset reads no changed file otherwise than the HDF5 library does", async () => {
  using folder = new TemporaryFolder();
  // Keeps the library from being loaded again for each file.
  using kept = new LibraryFile(`${LAYOUT_FOLDER}/scaleoffset.h5`);
  kept.describe("features");
  const random = randomNumbers(20_250_101);
  const counts = { same: 0, refused: 0, one: 0 };
  for (const [source, dataset] of Object.entries(FILES)) {
    const whole = Deno.readFileSync(source);
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = whole.slice();
      changeBytes(bytes, random);
      const path = folder.file(`${counts.same}_${counts.refused}_${counts.one}.h5`);
      Deno.writeFileSync(path, bytes);
      const [direct, library] = [await read(path, dataset, true), await read(path, dataset, false)];
      Deno.removeSync(path);
      if (typeof direct === "string" && typeof library === "string") {
        assertEquals(direct, library, `${source}, round ${round}`);
        counts.same++;
      } else if (typeof direct !== "string" && typeof library !== "string") counts.refused++;
      else counts.one++;
    }
  }
  // The changes are of use: some do harm, and not all of them.
  assertGreater(counts.same, 40);
  assertGreater(counts.refused, 20);
});
