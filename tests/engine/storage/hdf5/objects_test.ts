import { assert, assertEquals, assertThrows } from "@std/assert";
import { ContainerSet } from "../../../../engine/storage/hdf5/container.ts";
import { DamagedStructure } from "../../../../engine/storage/hdf5/cursor.ts";
import { readShape, readType } from "../../../../engine/storage/hdf5/layout.ts";
import { MESSAGE, readMessages } from "../../../../engine/storage/hdf5/objects.ts";
import { findObject } from "../../../../engine/storage/hdf5/paths.ts";
import { KINDS_FOLDER, LAYOUT_FOLDER, TemporaryFolder } from "../testdata.ts";

/** Bytes of a file, and where a text stands in them. */
function bytesOf(path: string, text: string) {
  const bytes = Deno.readFileSync(path);
  return { bytes, at: new TextDecoder("latin1").decode(bytes).lastIndexOf(text) };
}

Deno.test("readMessages() reads headers of several blocks", () => {
  using files = new ContainerSet(`${LAYOUT_FOLDER}/many_names.h5`);
  const root = readMessages(files.main.blocks, files.main.blocks.superblock.root);
  assertEquals([root.has(MESSAGE.symbolTable), root.has(MESSAGE.layout)], [true, false]);
  assertThrows(() => readShape(root), DamagedStructure, "message 1 is missing");
});

Deno.test("Messages follows a type to the object that it is kept in", () => {
  using files = new ContainerSet(`${KINDS_FOLDER}/committed.h5`);
  const object = findObject(files, "features");
  assert(object.kind === "object");
  const type = readType(object.messages);
  assert(type.class === "integer");
  assertEquals([type.size, type.littleEndian], [2, false]);
});

Deno.test("readMessages() verifies the checksum of a header", () => {
  using folder = new TemporaryFolder();
  const { bytes, at } = bytesOf(`${LAYOUT_FOLDER}/latest_contiguous.h5`, "OHDR");
  bytes[at + 20] ^= 1;
  Deno.writeFileSync(folder.file("x.h5"), bytes);
  using files = new ContainerSet(folder.file("x.h5"));
  const { blocks } = files.main;
  assertThrows(() => readMessages(blocks, at), DamagedStructure, "a checksum differs");
});

Deno.test("readMessages() ends where blocks of a header lead back to one another", () => {
  using folder = new TemporaryFolder();
  const header = new Uint8Array(64);
  const view = new DataView(header.buffer);
  view.setUint8(0, 1);
  view.setUint32(8, 24, true);
  // A continuation in the header, which leads to itself as messages.
  for (const at of [16, 40]) {
    view.setUint16(at, MESSAGE.continuation, true);
    view.setUint16(at + 2, 16, true);
  }
  const { bytes } = bytesOf(`${LAYOUT_FOLDER}/f64.h5`, "HDF");
  const address = bytes.length;
  for (const at of [24, 48]) {
    view.setBigUint64(at, BigInt(address + 40), true);
    view.setBigUint64(at + 8, 24n, true);
  }
  Deno.writeFileSync(folder.file("x.h5"), Uint8Array.of(...bytes, ...header));
  using files = new ContainerSet(folder.file("x.h5"));
  assertThrows(() => readMessages(files.main.blocks, address), DamagedStructure, "never ends");
});
