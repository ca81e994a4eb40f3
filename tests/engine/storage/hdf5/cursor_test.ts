import { assertEquals, assertThrows } from "@std/assert";
import { Cursor, UnknownStructure } from "../../../../engine/storage/hdf5/cursor.ts";

const superblock = { base: 0, offsetSize: 4, lengthSize: 2, root: 0 };
const cursor = (...bytes: number[]) => new Cursor(Uint8Array.from(bytes), superblock);

Deno.test("Cursor takes fields one after the other, little endian", () => {
  const fields = cursor(1, 2, 0, 3, 0, 0, 0, 9, 9, 4, 0, 5, 0, 0, 0);
  assertEquals([fields.u8(), fields.u16(), fields.u32()], [1, 2, 3]);
  assertEquals([fields.skip(2).length(), fields.address(), fields.left], [4, 5, 0]);
});

Deno.test("Cursor tells an address that is not set", () => {
  assertEquals(cursor(255, 255, 255, 255).address(), undefined);
  assertThrows(() => cursor(255, 255, 255, 255).requiredAddress(), UnknownStructure, "not set");
});

Deno.test("Cursor refuses a wrong signature and bytes beyond the end", () => {
  assertEquals(cursor(0x41, 0x42, 7).expect("AB").u8(), 7);
  assertThrows(() => cursor(0x41, 0x43).expect("AB"), UnknownStructure, "no AB here");
  assertThrows(() => cursor(1).bytes(2), UnknownStructure, "ends too early");
  assertThrows(() => cursor(1).u32(), RangeError);
});
