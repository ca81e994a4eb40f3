import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { DataError } from "../../../../engine/errors.ts";
import { ContainerSet } from "../../../../engine/storage/hdf5/container.ts";
import { DamagedStructure } from "../../../../engine/storage/hdf5/cursor.ts";
import { Hdf5File } from "../../../../engine/storage/hdf5/hdf5.ts";
import { findObject } from "../../../../engine/storage/hdf5/paths.ts";
import { openRawRows } from "../../../../engine/storage/hdf5/raw.ts";
import {
  H5_FOLDER,
  LAYOUT_FOLDER,
  readLayouts,
  readManifest,
  TemporaryFolder,
} from "../testdata.ts";

/** Files that only the HDF5 library can read. */
const LIBRARY_ONLY = ["scaleoffset.h5"];

const layouts = readLayouts();

/** Opens the rows of a dataset of float32 or another type of `elementSize` bytes. */
function openRaw(files: ContainerSet, dataset: string, [shape, elementSize]: [number[], number]) {
  const object = findObject(files, dataset);
  assert(object.kind === "object");
  const header = { file: files.main.path, name: dataset, shape };
  return openRawRows(object, { header, elementSize });
}

for (const [name, { dataset: path }] of Object.entries(layouts)) {
  const direct = !LIBRARY_ONLY.includes(name);
  Deno.test(`openRawRows() ${direct ? "reads" : "leaves to the library"} ${name}`, async () => {
    using file = await Hdf5File.open(`${LAYOUT_FOLDER}/${name}`);
    const { header: { shape, format } } = await file.dataset(path);
    using files = new ContainerSet(`${LAYOUT_FOLDER}/${name}`);
    const raw = openRaw(files, path, [[...shape], format.size]);
    assertEquals(raw !== undefined, direct);
  });
}

for (const name of Object.keys(layouts)) {
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

Deno.test("openRawRows() refuses a damaged index", () => {
  using folder = new TemporaryFolder();
  const bytes = Deno.readFileSync(`${LAYOUT_FOLDER}/column_chunks_gzip.h5`);
  const text = new TextDecoder("latin1").decode(bytes);
  const { shape } = layouts["column_chunks_gzip.h5"];
  const tree = text.lastIndexOf("TREE\x01");
  const changes: [at: number, byte: number, reason: string][] = [
    [tree, 0, "no TREE here"],
    [tree + 4, 0, "a tree of another kind"],
    [tree + 5, 3, "a tree of another kind|uneven|out of order|no TREE here|outside the file"],
    [tree + 24 + 8 + 7, 1, "keys are out of order"],
    [tree + 24 + 32 + 6, 9, "outside the file|out of order"],
  ];
  for (const [at, byte, reason] of changes) {
    const changed = bytes.slice();
    changed[at] = byte;
    Deno.writeFileSync(folder.file("damaged.h5"), changed);
    using files = new ContainerSet(folder.file("damaged.h5"));
    const error = assertThrows(
      () => openRaw(files, "features", [[...shape], 4]),
      DamagedStructure,
    );
    assert(new RegExp(reason).test(error.message), `byte ${at}: ${error.message}`);
  }
});

Deno.test("openRawRows() refuses chunks outside the dataset instead of reading zeros", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("damaged.h5");
  for (const name of ["column_chunks_gzip.h5", "fletcher_odd.h5", "lzf.h5"]) {
    const bytes = Deno.readFileSync(`${LAYOUT_FOLDER}/${name}`);
    const tree = new TextDecoder("latin1").decode(bytes).lastIndexOf("TREE\x01\0");
    assert(tree > 0, name);
    const view = new DataView(bytes.buffer);
    const { shape, dataset } = layouts[name];
    // The last chunk of the tree begins elsewhere, and so does what follows it.
    const keyBytes = 8 + 8 * (shape.length + 1);
    const key = tree + 24 + (view.getUint16(tree + 6, true) - 1) * (keyBytes + 8) + 8;
    for (const first of [2n ** 64n - 1n, 2n ** 63n, 2n ** 53n * 420n, 2n ** 30n * 420n]) {
      view.setBigUint64(key, first, true);
      view.setBigUint64(key + keyBytes + 8, first, true);
      Deno.writeFileSync(path, bytes);
      using file = await Hdf5File.open(path);
      const error = await assertRejects(() => file.dataset(dataset), DataError);
      assertMatch(error.message, /has a damaged header \(.* (out of order|outside its dataset)\)$/);
    }
  }
});

Deno.test("openRawRows() refuses a tree of chunks that leads back to itself", () => {
  using folder = new TemporaryFolder();
  const bytes = Deno.readFileSync(`${LAYOUT_FOLDER}/many_rows_tree.h5`);
  const text = new TextDecoder("latin1").decode(bytes);
  const view = new DataView(bytes.buffer);
  const { shape, dataset } = layouts["many_rows_tree.h5"];
  // The root is the node above the leaves: its first child becomes itself.
  const root = text.indexOf("TREE\x01\x01");
  const key = 8 + 8 * (shape.length + 1);
  view.setBigUint64(root + 24 + key, BigInt(root), true);
  Deno.writeFileSync(folder.file("loop.h5"), bytes);
  using files = new ContainerSet(folder.file("loop.h5"));
  assertThrows(() => openRaw(files, dataset, [[...shape], 2]), DamagedStructure, "never ends");
});
