import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../../engine/errors.ts";
import { FileReader } from "../../../../engine/storage/file_reader.ts";
import { readSuperblock } from "../../../../engine/storage/hdf5/superblock.ts";
import { H5_FOLDER, LAYOUT_FOLDER, TemporaryFolder } from "../testdata.ts";

Deno.test("readSuperblock() reads old, new and shifted superblocks", () => {
  const bases = { "f64.h5": 0, "latest_contiguous.h5": 0, "user_block.h5": 1024 };
  for (const [name, base] of Object.entries(bases)) {
    using file = FileReader.open(`${LAYOUT_FOLDER}/${name}`);
    const superblock = readSuperblock(file);
    assertEquals([superblock.base, superblock.offsetSize, superblock.lengthSize], [base, 8, 8]);
  }
});

Deno.test("readSuperblock() refuses a file cut off anywhere", () => {
  using folder = new TemporaryFolder();
  const bytes = Deno.readFileSync(`${H5_FOLDER}/instance_f16.h5`);
  for (const length of [0, 7, 8, 40, 60, 96, 800, bytes.length - 1]) {
    Deno.writeFileSync(folder.file("cut.h5"), bytes.subarray(0, length));
    using file = FileReader.open(folder.file("cut.h5"));
    const error = assertThrows(() => readSuperblock(file), DataError, "it is");
    assertEquals(error.message.split("\n").length, 1);
  }
});

Deno.test("readSuperblock() refuses sizes and versions that no file has", () => {
  using folder = new TemporaryFolder();
  const refused = (name: string, at: number, byte: number, reason: string) => {
    const bytes = Deno.readFileSync(`${LAYOUT_FOLDER}/${name}`);
    bytes[at] = byte;
    Deno.writeFileSync(folder.file("x.h5"), bytes);
    using file = FileReader.open(folder.file("x.h5"));
    const error = assertThrows(() => readSuperblock(file), DataError, reason);
    assertEquals(error.message.split("\n").length, 1);
  };
  for (const size of [0, 1, 3, 16, 40, 255]) {
    refused("f64.h5", 13, size, `addresses of ${size} bytes`);
    refused("f64.h5", 14, size, `addresses of ${size} bytes`);
  }
  refused("f64.h5", 8, 9, "version 9");
  refused("latest_contiguous.h5", 9, 40, "addresses of 40 bytes");
  refused("latest_contiguous.h5", 13, 1, "the checksum of its superblock differs");
});

Deno.test("readSuperblock() says what a file is instead", () => {
  using folder = new TemporaryFolder();
  const contents = {
    "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n": "a Git LFS pointer",
    "<!DOCTYPE html><html></html>": "an HTML page",
    "PK\x03\x04 and more": "a zip archive",
    "": "an empty file",
    "col,label\n": 'text that begins "col,label"',
  };
  for (const [content, kind] of Object.entries(contents)) {
    Deno.writeTextFileSync(folder.file("x.h5"), content);
    using file = FileReader.open(folder.file("x.h5"));
    assertThrows(() => readSuperblock(file), DataError, `it is ${kind}, not an HDF5 file`);
  }
});
