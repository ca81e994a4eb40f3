import { assertEquals, assertThrows } from "@std/assert";
import { FileReader } from "../../../../engine/storage/file_reader.ts";
import { Blocks, Cursor, DamagedStructure } from "../../../../engine/storage/hdf5/cursor.ts";

const superblock = { base: 0, offsetSize: 4, lengthSize: 2, root: 0 };
const cursor = (...bytes: number[]) => new Cursor(Uint8Array.from(bytes), superblock);

Deno.test("Cursor takes fields one after the other, little endian", () => {
  const fields = cursor(1, 2, 0, 3, 0, 0, 0, 9, 9, 4, 0, 5, 0, 0, 0);
  assertEquals([fields.u8(), fields.u16(), fields.u32()], [1, 2, 3]);
  assertEquals([fields.skip(2).length(), fields.address(), fields.left], [4, 5, 0]);
});

Deno.test("Cursor tells an address that is not set", () => {
  assertEquals(cursor(255, 255, 255, 255).address(), undefined);
  assertThrows(() => cursor(255, 255, 255, 255).requiredAddress(), DamagedStructure, "not set");
});

Deno.test("Cursor refuses a wrong signature and bytes beyond the end", () => {
  assertEquals(cursor(0x41, 0x42, 7).expect("AB").u8(), 7);
  assertThrows(() => cursor(0x41, 0x43).expect("AB"), DamagedStructure, "no AB here");
  assertThrows(() => cursor(1).bytes(2), DamagedStructure, "ends too early");
  assertThrows(() => cursor(1).u32(), DamagedStructure, "ends too early");
  assertThrows(() => cursor(1).bytes(NaN), DamagedStructure, "ends too early");
});

Deno.test("Cursor takes texts up to their end, and parts of a block", () => {
  const fields = cursor(0x41, 0x42, 0, 1, 2, 3);
  assertEquals(fields.untilZero(), Uint8Array.of(0x41, 0x42));
  assertEquals([fields.block(2).u16(), fields.left], [0x0201, 1]);
  assertThrows(() => cursor(0x41).untilZero(), DamagedStructure, "does not end");
});

Deno.test("Cursor tells lengths without limit, and refuses those beyond 2^53", () => {
  assertEquals([cursor(255, 255).limit(), cursor(1, 2).limit()], [undefined, 0x0201]);
  const wide = { ...superblock, lengthSize: 8 };
  const bytes = new Uint8Array(8).fill(0xfe);
  assertThrows(() => new Cursor(bytes, wide).length(), DamagedStructure, "beyond 2^53");
});

Deno.test("Blocks stays inside the file, and verifies checksums", () => {
  const path = Deno.makeTempFileSync();
  // The checksum of nothing, little endian.
  Deno.writeFileSync(path, Uint8Array.of(9, 0xef, 0xbe, 0xad, 0xde, 7));
  using file = FileReader.open(path);
  const blocks = new Blocks(file, { ...superblock, base: 1 });
  assertEquals(blocks.checked(0, 0).left, 0);
  assertEquals(blocks.peek(4, 64).u8(), 7);
  assertThrows(() => blocks.checked(1, 0), DamagedStructure, "a checksum differs");
  assertThrows(() => blocks.read(4, 2), DamagedStructure, "outside the file");
  assertThrows(() => blocks.read(NaN, 1), DamagedStructure, "outside the file");
  assertThrows(() => blocks.peek(5, 1), DamagedStructure, "outside the file");
  Deno.removeSync(path);
});
