import { assert, assertEquals } from "@std/assert";
import { writeFileAtomic } from "../../../../engine/storage/atomic.ts";
import { ZipReader } from "../../../../engine/storage/torch/zip_reader.ts";
import { zipChunks, type ZipEntry } from "../../../../engine/storage/torch/zip_writer.ts";
import { TemporaryFolder } from "../testdata.ts";

const entries: readonly ZipEntry[] = [
  { name: "a/data.pkl", data: new Uint8Array([1, 2, 3]) },
  { name: "a/größe", data: new Uint8Array(0) },
  { name: "a/data/0", data: new Uint8Array(1000).fill(7) },
];

Deno.test("zipChunks() aligns data to 64 bytes and passes it on uncopied", () => {
  let at = 0;
  let seen = 0;
  for (const chunk of zipChunks(entries)) {
    if (entries.some((entry) => entry.data === chunk)) {
      assertEquals(at % 64, 0);
      seen++;
    }
    at += chunk.length;
  }
  assertEquals(seen, entries.length);
});

Deno.test("zipChunks() makes archives that ZipReader opens", async () => {
  using folder = new TemporaryFolder();
  await writeFileAtomic(folder.file("a.zip"), zipChunks(entries));
  using archive = ZipReader.open(folder.file("a.zip"));
  assertEquals(archive.names, entries.map((entry) => entry.name));
  for (const { name, data } of entries) assertEquals(archive.read(name), data);
});

Deno.test("zipChunks() writes 64-bit fields for more than 4 GiB", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("big.zip");
  const big = new Uint8Array(2 ** 32 + 10);
  // The data is passed over instead of written, which leaves a hole in the file.
  using file = await Deno.open(path, { write: true, createNew: true });
  const all = [{ name: "big", data: big }, { name: "after", data: new Uint8Array([5]) }];
  for (const chunk of zipChunks(all)) {
    if (chunk === big) file.seekSync(big.length, Deno.SeekMode.Current);
    else file.writeSync(chunk);
  }
  using archive = ZipReader.open(path);
  assertEquals(archive.names, ["big", "after"]);
  assertEquals(archive.read("after"), new Uint8Array([5]));
  assert(Deno.statSync(path).size > 2 ** 32);
});
