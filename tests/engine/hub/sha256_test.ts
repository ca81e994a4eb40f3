import { assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { isSha256, sha256OfFile } from "../../../engine/hub/sha256.ts";
import { TemporaryFolder } from "../storage/testdata.ts";
import { sha256, someBytes } from "./_fake_hub.ts";

Deno.test("sha256OfFile() equals the hash of the whole content, whatever the number of blocks", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("a.bin");
  for (const size of [0, 3, 1 << 22, (1 << 22) + 1]) {
    Deno.writeFileSync(path, someBytes(size));
    assertEquals(await sha256OfFile(path), sha256(someBytes(size)));
  }
  const known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; // FIPS 180-2
  Deno.writeTextFileSync(path, "abc");
  assertEquals(await sha256OfFile(path), known);
});

Deno.test("sha256OfFile() stops when it is told to, and names a file that is missing", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("a.bin");
  Deno.writeFileSync(path, someBytes(10));
  const stopped = () => sha256OfFile(path, AbortSignal.abort());
  await assertRejects(stopped, DOMException);
  const missing = folder.file("none");
  await assertRejects(() => sha256OfFile(missing), DataError, `Cannot read "${missing}"`);
});

Deno.test("isSha256() takes 64 small hexadecimal digits", () => {
  const good = "0123456789abcdef".repeat(4);
  assertEquals(isSha256(good), true);
  for (const bad of [good.slice(1), `${good}0`, good.toUpperCase(), ""]) {
    assertEquals(isSha256(bad), false);
  }
});
