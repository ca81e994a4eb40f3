import { assert, assertEquals } from "@std/assert";
import { Hdf5File } from "../../../../engine/storage/hdf5/hdf5.ts";
import { openRawRows } from "../../../../engine/storage/hdf5/raw.ts";
import { H5_FOLDER, LAYOUT_FOLDER, readLayouts, readManifest } from "../testdata.ts";

/** Files that only the HDF5 library can read. */
const LIBRARY_ONLY = [
  "bool.h5", // an enumeration
  "dense_group.h5",
  "latest_btree2.h5",
  "latest_extensible.h5",
  "lzf.h5",
  "scaleoffset.h5",
  "unwritten_chunks.h5",
];

const layouts = readLayouts();

for (const [name, { dataset: path }] of Object.entries(layouts)) {
  const direct = !LIBRARY_ONLY.includes(name);
  Deno.test(`openRawRows() ${direct ? "reads" : "leaves to the library"} ${name}`, async () => {
    using file = await Hdf5File.open(`${LAYOUT_FOLDER}/${name}`, { direct: false });
    const { header } = await file.dataset(path);
    const rows = openRawRows(header);
    assertEquals(rows !== undefined, direct);
    rows?.close();
  });
}

for (const name of Object.keys(layouts).filter((name) => name !== "bfloat16.h5")) {
  Deno.test(`Hdf5Dataset reads ${name} alike directly and through the library`, async () => {
    await compare(`${LAYOUT_FOLDER}/${name}`, layouts[name].dataset);
  });
}

for (const name of Object.keys(readManifest().good)) {
  Deno.test(`Hdf5Dataset reads ${name} alike directly and through the library`, async () => {
    await compare(`${H5_FOLDER}/${name}`, "features");
    await compare(`${H5_FOLDER}/${name}`, "labels");
  });
}

async function compare(path: string, name: string): Promise<void> {
  using a = await Hdf5File.open(path);
  using b = await Hdf5File.open(path, { direct: false });
  const [direct, library] = [await a.dataset(name), await b.dataset(name)];
  assert(library.rows > 0);
  assertEquals(direct.readRows(), library.readRows());
  const { rows } = direct;
  assertEquals(direct.readRows(rows >> 1), library.readRows(rows >> 1));
  const order = Int32Array.from({ length: 2 * rows }, (_, i) => (7 * i + 3) % rows);
  assertEquals(direct.gatherRows(order), library.gatherRows(order));
}

Deno.test("openRawRows() leaves a damaged index to the library", async () => {
  const path = `${Deno.makeTempDirSync()}/damaged.h5`;
  const bytes = Deno.readFileSync(`${LAYOUT_FOLDER}/column_chunks_gzip.h5`);
  const text = new TextDecoder("latin1").decode(bytes);
  bytes[text.lastIndexOf("TREE")] = 0;
  Deno.writeFileSync(path, bytes);
  using file = await Hdf5File.open(path, { direct: false });
  const { header } = await file.dataset("features");
  assertEquals(openRawRows(header), undefined);
});
