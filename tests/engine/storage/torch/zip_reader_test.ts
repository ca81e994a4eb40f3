import { deflateRawSync } from "node:zlib";
import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../../engine/errors.ts";
import { ZipReader } from "../../../../engine/storage/torch/zip_reader.ts";
import { zipChunks } from "../../../../engine/storage/torch/zip_writer.ts";
import { TemporaryFolder, TORCH_FOLDER } from "../testdata.ts";

/** The bytes of an archive of one entry. */
function archiveOf(data: Uint8Array): Uint8Array {
  return new Uint8Array([...zipChunks([{ name: "a", data }])].flatMap((chunk) => [...chunk]));
}

function withFile(bytes: Uint8Array, run: (path: string) => void): void {
  using folder = new TemporaryFolder();
  Deno.writeFileSync(folder.file("a.zip"), bytes);
  run(folder.file("a.zip"));
}

Deno.test("ZipReader reads deflated entries", () => {
  using archive = ZipReader.open(`${TORCH_FOLDER}/deflated.pt`);
  const version = archive.names.find((name) => name.endsWith("/version"));
  assertEquals(new TextDecoder().decode(archive.read(version ?? "")), "3\n");
});

Deno.test("ZipReader finds the end behind a comment", () => {
  const bytes = archiveOf(new Uint8Array([1, 2]));
  const commented = new Uint8Array(bytes.length + 100).fill(0x20);
  commented.set(bytes);
  commented[bytes.length - 2] = 100;
  withFile(commented, (path) => {
    using archive = ZipReader.open(path);
    assertEquals(archive.read("a"), new Uint8Array([1, 2]));
  });
});

Deno.test("ZipReader refuses what is no archive or is cut off", () => {
  const bytes = archiveOf(new Uint8Array(100));
  for (const content of [new Uint8Array(0), new Uint8Array(300), bytes.subarray(0, -1)]) {
    withFile(content, (path) => {
      assertThrows(() => ZipReader.open(path), DataError, "the zip archive is damaged");
    });
  }
});

Deno.test("ZipReader refuses entries that are missing or do not match their checksum", () => {
  const bytes = archiveOf(new Uint8Array(100));
  bytes[64 + 50] ^= 1;
  withFile(bytes, (path) => {
    using archive = ZipReader.open(path);
    assertThrows(() => archive.read("a"), DataError, 'entry "a" does not match its checksum');
    assertThrows(() => archive.read("b"), DataError, 'entry "b" is missing');
  });
});

Deno.test("ZipReader refuses an entry that unpacks to more than it says", () => {
  const packed = new Uint8Array(deflateRawSync(new Uint8Array(1 << 20)));
  const bytes = archiveOf(packed);
  const view = new DataView(bytes.buffer);
  let at = bytes.length - 4;
  while (view.getUint32(at, true) !== 0x02014b50) at--;
  view.setUint16(at + 10, 8, true);
  withFile(bytes, (path) => {
    using archive = ZipReader.open(path);
    assertThrows(() => archive.read("a"), DataError, 'entry "a" cannot be decompressed');
  });
});
