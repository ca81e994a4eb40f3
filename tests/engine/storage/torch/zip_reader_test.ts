import { deflateRawSync } from "node:zlib";
import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../../engine/errors.ts";
import { checksum } from "../../../../engine/storage/checksum.ts";
import { ZipReader } from "../../../../engine/storage/torch/zip_reader.ts";
import { zipChunks } from "../../../../engine/storage/torch/zip_writer.ts";
import { TemporaryFolder, TORCH_FOLDER } from "../testdata.ts";

/** The bytes of an archive of one entry. */
function archiveOf(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const chunks = [...zipChunks([{ name: "a", data }])];
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
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

Deno.test("ZipReader refuses what is not an archive or is cut off", () => {
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

/** Changes fields of the directory's entry. */
function changeEntry(bytes: Uint8Array, change: (view: DataView, at: number) => void): void {
  const view = new DataView(bytes.buffer);
  let at = bytes.length - 4;
  while (view.getUint32(at, true) !== 0x02014b50) at--;
  change(view, at);
}

Deno.test("ZipReader reads parts of entries, and checks the whole of them once", () => {
  const data = Uint8Array.from({ length: 10_000_000 }, (_, i) => i % 251);
  const bytes = archiveOf(data);
  withFile(bytes, (path) => {
    using archive = ZipReader.open(path);
    for (const [start, length] of [[5, 3], [0, 1], [9_999_990, 10], [4_000_000, 500_000]]) {
      assertEquals(archive.read("a", { start, length }), data.slice(start, start + length));
    }
    assertThrows(() => archive.read("a", { start: 9_999_999, length: 2 }), DataError, "has only");
  });
  bytes[bytes.length - 1000] ^= 1; // far from the part that is wanted
  withFile(bytes, (path) => {
    using archive = ZipReader.open(path);
    assertThrows(() => archive.read("a", { start: 5, length: 3 }), DataError, "its checksum");
  });
});

Deno.test("ZipReader reads parts of packed entries", () => {
  const data = Uint8Array.from({ length: 1000 }, (_, i) => i % 7);
  const bytes = archiveOf(new Uint8Array(deflateRawSync(data)));
  changeEntry(bytes, (view, at) => {
    view.setUint16(at + 10, 8, true);
    view.setUint32(at + 16, checksum(data), true);
    view.setUint32(at + 24, 1000, true);
  });
  withFile(bytes, (path) => {
    using archive = ZipReader.open(path);
    assertEquals([archive.size("a"), archive.isPacked("a")], [1000, true]);
    assertEquals(archive.read("a", { start: 990 }), data.slice(990));
    assertEquals(archive.read("a"), data);
  });
});

Deno.test("ZipReader refuses entries whose sizes are a lie, before memory is taken", () => {
  const packed = archiveOf(new Uint8Array(deflateRawSync(new Uint8Array(1 << 20))));
  changeEntry(packed, (view, at) => {
    view.setUint16(at + 10, 8, true);
    view.setUint32(at + 24, 0xffff_fff0, true);
  });
  withFile(packed, (path) => {
    using archive = ZipReader.open(path);
    assertThrows(() => archive.read("a"), DataError, 'entry "a" unpacks to 4294967280 bytes of');
  });
  const stored = archiveOf(new Uint8Array(100));
  changeEntry(stored, (view, at) => view.setUint32(at + 24, 0xffff_fff0, true));
  withFile(stored, (path) => {
    using archive = ZipReader.open(path);
    assertThrows(() => archive.read("a"), DataError, 'entry "a" has two sizes');
  });
});

Deno.test("ZipReader checks nothing in an archive without checksums, as PyTorch can write it", () => {
  const bytes = archiveOf(new Uint8Array([1, 2]));
  changeEntry(bytes, (view, at) => view.setUint32(at + 16, 0, true));
  withFile(bytes, (path) => {
    using archive = ZipReader.open(path);
    assertEquals(archive.read("a"), new Uint8Array([1, 2]));
    assertEquals(archive.read("a", { start: 1, length: 1 }), new Uint8Array([2]));
  });
});
