import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { isFile } from "../../../engine/storage/is_file.ts";

Deno.test("isFile() takes files and links to them, and nothing else", () => {
  const folder = Deno.makeTempDirSync();
  const path = (name: string) => join(folder, name);
  Deno.writeTextFileSync(path("file"), "");
  Deno.symlinkSync(path("file"), path("link"));
  Deno.symlinkSync(path("nothing"), path("dangling"));
  const names = ["file", "link", "dangling", "nothing", join("file", "below")];
  assertEquals(names.filter((name) => isFile(path(name))), ["file", "link"]);
  assertEquals(isFile(folder), false);
  Deno.removeSync(folder, { recursive: true });
});
