import { assertEquals, assertThrows } from "@std/assert";
import { FileReader } from "../../../../engine/storage/file_reader.ts";
import { Blocks, Cursor, DamagedStructure } from "../../../../engine/storage/hdf5/cursor.ts";
import { GlobalHeap } from "../../../../engine/storage/hdf5/global_heap.ts";
import { TemporaryFolder } from "../testdata.ts";

const superblock = { base: 0, offsetSize: 8, lengthSize: 8, root: 0 };

/** A collection at the start of a file: objects by index, then free space of a length. */
function collection(objects: readonly [index: number, text: string][], free: number): Uint8Array {
  const parts = objects.map(([index, text]) => {
    const part = new Uint8Array(16 + Math.ceil(text.length / 8) * 8);
    const view = new DataView(part.buffer);
    view.setUint16(0, index, true);
    view.setBigUint64(8, BigInt(text.length), true);
    part.set(new TextEncoder().encode(text), 16);
    return part;
  });
  const size = 16 + parts.reduce((sum, part) => sum + part.length, 0) + 32;
  const bytes = new Uint8Array(size);
  bytes.set(new TextEncoder().encode("GCOL\x01"));
  const view = new DataView(bytes.buffer);
  view.setBigUint64(8, BigInt(size), true);
  let at = 16;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  view.setBigUint64(at + 8, BigInt(free), true);
  return bytes;
}

/** Looks an object up. */
function lookUp(bytes: Uint8Array, address: bigint, index: number): Uint8Array | undefined {
  using folder = new TemporaryFolder();
  Deno.writeFileSync(folder.file("heap"), bytes);
  using file = FileReader.open(folder.file("heap"));
  const reference = new DataView(new ArrayBuffer(12));
  reference.setBigUint64(0, address, true);
  reference.setUint32(8, index, true);
  const heap = new GlobalHeap(new Blocks(file, superblock));
  return heap.object(new Cursor(new Uint8Array(reference.buffer), superblock));
}

// A file of which the collection is not the first thing.
const after = (bytes: Uint8Array) => Uint8Array.of(...new Uint8Array(8), ...bytes);

Deno.test("GlobalHeap finds objects, and nothing where nothing is meant", () => {
  const bytes = after(collection([[1, "one"], [2, ""], [7, "seventeen"]], 32));
  assertEquals(new TextDecoder().decode(lookUp(bytes, 8n, 7)), "seventeen");
  assertEquals(lookUp(bytes, 8n, 2)?.length, 0);
  assertEquals(lookUp(bytes, 0n, 0), undefined);
  assertEquals(lookUp(bytes, 2n ** 64n - 1n, 3), undefined);
  assertThrows(() => lookUp(bytes, 8n, 3), DamagedStructure, "is missing");
  assertThrows(() => lookUp(bytes, 16n, 1), DamagedStructure, "no GCOL here");
});

Deno.test("GlobalHeap ends with free space that does not end", () => {
  for (const free of [0, 8, 15, 33, 1000]) {
    const bytes = after(collection([[1, "one"]], free));
    assertThrows(() => lookUp(bytes, 8n, 1), DamagedStructure, "never ends");
  }
  const zeroed = after(collection([[1, "one"], [2, "two"], [3, "three"]], 32)).fill(0, 24);
  assertThrows(() => lookUp(zeroed, 8n, 1), DamagedStructure, "never ends");
});

Deno.test("GlobalHeap refuses objects of the same number, and those that are cut off", () => {
  const twice = after(collection([[1, "one"], [1, "two"]], 32));
  assertThrows(() => lookUp(twice, 8n, 1), DamagedStructure, "twice");
  const long = after(collection([[1, "one"]], 32));
  new DataView(long.buffer).setBigUint64(8 + 16 + 8, 1000n, true);
  assertThrows(() => lookUp(long, 8n, 1), DamagedStructure, "ends too early");
});
