import { assertEquals, assertThrows } from "@std/assert";
import { FileReader } from "../../../../engine/storage/file_reader.ts";
import { Blocks, UnknownStructure } from "../../../../engine/storage/hdf5/cursor.ts";
import { readObject } from "../../../../engine/storage/hdf5/objects.ts";
import { readShape } from "../../../../engine/storage/hdf5/layout.ts";
import { readSuperblock } from "../../../../engine/storage/hdf5/superblock.ts";
import { LAYOUT_FOLDER } from "../testdata.ts";

function open(name: string): Blocks & Disposable {
  const file = FileReader.open(`${LAYOUT_FOLDER}/${name}`);
  const blocks = new Blocks(file, readSuperblock(file));
  return Object.assign(blocks, { [Symbol.dispose]: () => file.close() });
}

for (const name of ["nested_groups.h5", "nested_latest.h5"]) {
  Deno.test(`readObject() follows a path through the groups of ${name}`, () => {
    using blocks = open(name);
    assertEquals(readShape(readObject(blocks, "a/b/features")), [37, 10]);
    assertEquals(readShape(readObject(blocks, "/a/b/features")), [37, 10]);
    assertThrows(() => readObject(blocks, "a/c"), UnknownStructure);
    assertThrows(() => readShape(readObject(blocks, "a")), UnknownStructure, "is missing");
  });
}

Deno.test("readObject() finds a name among many, in headers of several blocks", () => {
  using blocks = open("many_names.h5");
  assertEquals(readShape(readObject(blocks, "features")), [37, 10]);
  assertEquals(readShape(readObject(blocks, "other59")), []);
});
