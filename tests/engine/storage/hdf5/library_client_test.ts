import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  LibraryError,
  LibraryFile,
  LibraryRows,
} from "../../../../engine/storage/hdf5/library_client.ts";
import { DataError } from "../../../../engine/errors.ts";
import { FeatureWriter } from "../../../../engine/features/feature_writer.ts";
import { H5_FOLDER, KINDS_FOLDER, LAYOUT_FOLDER, TemporaryFolder } from "../testdata.ts";

const scaled = `${LAYOUT_FOLDER}/scaleoffset.h5`;

/** Reads the first bytes of the first row. */
function firstBytes(file: LibraryFile, dataset = "features"): number[] {
  const { shape, size } = file.describe(dataset);
  assert(shape);
  const bytes = shape.slice(1).reduce((product, size) => product * size, size);
  const into = new SharedArrayBuffer(bytes);
  file.read({ dataset, shape }, [0, 1], { into, bytes });
  return [...new Uint8Array(into).slice(0, 4)];
}

Deno.test("LibraryFile describes and reads datasets; several files share the library", () => {
  using one = new LibraryFile(scaled);
  using other = new LibraryFile(`${H5_FOLDER}/instance_u8.h5`);
  assertEquals(one.describe("features").size, 4);
  assertEquals(other.describe("features").size, 1);
  const before = firstBytes(one);
  other.close();
  assertEquals(firstBytes(one), before);
  one.close();
  // It is opened again when it is needed.
  assertEquals(firstBytes(one), before);
});

Deno.test("LibraryFile turns what the library throws into one line", () => {
  using file = new LibraryFile(scaled);
  const missing = assertThrows(() => file.describe("no_such_dataset"), LibraryError);
  assertEquals(missing.message.split("\n").length, 1);
  using none = new LibraryFile(`${H5_FOLDER}/not_hdf5.h5`);
  assertThrows(() => none.describe("features"), LibraryError, "signature");
  assertEquals(file.describe("features").size, 4);
});

Deno.test("LibraryFile survives the library's end with a fresh one", () => {
  using good = new LibraryFile(scaled);
  const before = firstBytes(good);
  // A codec that the plugin is built without ends the library.
  using bad = new LibraryFile(`${KINDS_FOLDER}/needs_missing_codec.h5`);
  for (let i = 0; i < 2; i++) {
    assertThrows(() => firstBytes(bad), LibraryError, "undefined symbol");
    assertEquals(firstBytes(good), before);
  }
});

Deno.test("LibraryFile sees a file anew that it failed at and that was mended", () => {
  using folder = new TemporaryFolder();
  const path = folder.file("x.h5");
  const bytes = Deno.readFileSync(scaled);
  Deno.writeFileSync(path, bytes.slice().fill(0, 600, 2000));
  const read = () => {
    using file = new LibraryFile(path);
    return firstBytes(file);
  };
  assertThrows(read, LibraryError);
  Deno.writeFileSync(path, bytes);
  using whole = new LibraryFile(scaled);
  assertEquals(read(), firstBytes(whole));
});

Deno.test("LibraryFile gives a library up that does not come to an end", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("endless.h5");
  const writer = await FeatureWriter.create(path, { embedDim: 1 });
  writer.append(Float32Array.of(1), [0]);
  writer.attribute("encoder", "a text");
  writer.close();
  const bytes = Deno.readFileSync(path);
  const heap = new TextDecoder("latin1").decode(bytes).indexOf("GCOL");
  Deno.writeFileSync(path, bytes.fill(0, heap + 16, heap + 4096));
  using endless = new LibraryFile(path, 2000);
  const reason = "the HDF5 library gave no answer for 2 s";
  assertThrows(() => endless.attribute("/", "encoder"), LibraryError, reason);
  using good = new LibraryFile(scaled);
  assertEquals(good.describe("features").size, 4);
});

Deno.test("LibraryRows names filters that cannot be undone", () => {
  using file = new LibraryFile(`${KINDS_FOLDER}/needs_missing_codec.h5`);
  const header = {
    ...{ file: "x.h5", name: "features", shape: [4, 3], filters: [], chunks: [2, 3] },
    format: { kind: "float", size: 4, littleEndian: true } as const,
  };
  const rows = new LibraryRows(file, header, "features");
  const state = 'Cannot read "x.h5": dataset "features", row 0: its filter cannot be undone here';
  assertThrows(() => rows.read(0, 1, new Uint8Array(12)), DataError, state);
});
