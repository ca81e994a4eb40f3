import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { FileReader, readError } from "../../../engine/storage/file_reader.ts";
import { TemporaryFolder } from "./testdata.ts";

Deno.test("FileReader reads anywhere", () => {
  using folder = new TemporaryFolder();
  Deno.writeFileSync(folder.file("a"), new Uint8Array([1, 2, 3, 4]));
  using file = FileReader.open(folder.file("a"));
  assertEquals(file.size, 4);
  assertEquals(file.read(2, 2), new Uint8Array([3, 4]));
  const target = new Uint8Array(3);
  file.readInto(0, target);
  assertEquals(target, new Uint8Array([1, 2, 3]));
});

Deno.test("FileReader refuses bytes beyond the end, and any after closing", () => {
  using folder = new TemporaryFolder();
  Deno.writeFileSync(folder.file("a"), new Uint8Array([1, 2, 3, 4]));
  const file = FileReader.open(folder.file("a"));
  assertThrows(() => file.read(3, 2), DataError, "bytes 3 to 5 are wanted but the file has 4");
  assertThrows(() => file.readInto(3, new Uint8Array(2)), DataError, "the file ends at byte 4");
  file.close();
  file.close();
  assertThrows(() => file.read(0, 1), DataError, "it is closed");
});

Deno.test("FileReader.open() tells what a path is instead of a file", () => {
  using folder = new TemporaryFolder();
  assertThrows(
    () => FileReader.open("nowhere"),
    DataError,
    'Cannot read "nowhere": the file does not exist',
  );
  assertThrows(() => FileReader.open(folder.path), DataError, "it is a folder");
});

Deno.test("readError() says in one line what the file system refuses", () => {
  const denied = readError(Object.assign(new Error("os"), { code: "EACCES" }), "x.h5");
  assertEquals(denied.message, 'Cannot read "x.h5": permission denied');
  const unknown = readError(new Error("first\nsecond"), "x.h5");
  assertEquals(unknown.message, 'Cannot read "x.h5": first');
});
