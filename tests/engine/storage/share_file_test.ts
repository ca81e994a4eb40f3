import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { shareFile } from "../../../engine/storage/share_file.ts";

Deno.test("shareFile() gives a file a second name, and copies where there is a file of that name", () => {
  const folder = Deno.makeTempDirSync();
  const [first, second, old] = ["a", "b", "c"].map((name) => join(folder, name));
  Deno.writeTextFileSync(first, "new");
  Deno.writeTextFileSync(old, "old");
  shareFile(first, second);
  shareFile(first, old);
  assertEquals([Deno.readTextFileSync(second), Deno.readTextFileSync(old)], ["new", "new"]);
  const [a, b, c] = [first, second, old].map((path) => Deno.statSync(path).ino);
  assertEquals([a === b, a === c], [true, false]);
});

Deno.test("shareFile() throws where there is no file", () => {
  const folder = Deno.makeTempDirSync();
  assertThrows(() => shareFile(join(folder, "a"), join(folder, "b")), Error);
});
