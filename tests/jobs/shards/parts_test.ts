import { assertEquals, assertThrows } from "@std/assert";
import { basename, join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { checkAlike, checkPart, findParts, partNotices } from "../../../jobs/shards/parts.ts";

Deno.test("findParts() finds out how many there are, and names what is missing", () => {
  const folder = Deno.makeTempDirSync();
  const file = join(folder, "a.h5");
  const write = (name: string) => Deno.writeTextFileSync(join(folder, name), "");
  const refused = (state: string, merge: number | "auto" = "auto") =>
    assertThrows(() => findParts(file, merge), DataError, state);
  refused(`there are no parts of it in "${folder}"`);
  write("a.shard-1-of-3.h5");
  write("a.shard-3-of-3.h5.partial");
  write("b.shard-1-of-9.h5");
  refused("2 of 3 parts are missing: a.shard-2-of-3.h5, a.shard-3-of-3.h5 (begun)");
  refused("2 of 2 parts are missing: a.shard-1-of-2.h5, a.shard-2-of-2.h5", 2);
  refused("a.shard-10-of-12.h5 and 2 more", 12);
  write("a.shard-2-of-3.h5");
  write("a.shard-3-of-3.h5");
  const names = ["a.shard-1-of-3.h5", "a.shard-2-of-3.h5", "a.shard-3-of-3.h5"];
  assertEquals(findParts(file, "auto").map((path) => basename(path)), names);
  write("a.shard-1-of-4.h5");
  refused("there are parts of 3, of 4; --merge 3 joins those");
  assertEquals(findParts(file, 3).length, 3);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("checkAlike() and checkPart() say which file is of other work", () => {
  const own = new Set(["shard"]);
  checkAlike([{ shard: 1, model: "a" }, { shard: 2, model: "a" }], ["1.h5", "2.h5"], own);
  assertThrows(
    () => checkAlike([{ model: "a" }, { model: "b", more: 1 }], ["1.h5", "2.h5"], own),
    DataError,
    'Cannot join "2.h5": its model is b, that of "1.h5" is a',
  );
  checkPart("2.h5", "2/4", { index: 2, count: 4 });
  assertThrows(
    () => checkPart("2.h5", undefined, { index: 2, count: 4 }),
    DataError,
    'Cannot join "2.h5": expected shard 2/4, it is not a shard',
  );
});

Deno.test("partNotices() says what a cluster chose", () => {
  assertEquals(partNotices({ index: 1, count: 2 }), []);
  const chosen = { index: 1, count: 2, source: "GLOVITA_SHARD=1/2" };
  assertEquals(partNotices(chosen), ["part 1 of 2, by GLOVITA_SHARD=1/2"]);
});
