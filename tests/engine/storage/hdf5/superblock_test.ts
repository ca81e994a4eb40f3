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
