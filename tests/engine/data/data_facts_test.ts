import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { dataDifference, dataFacts, fileFacts } from "../../../engine/data/data_facts.ts";

const split = (labels: readonly number[], files?: readonly string[], ids?: readonly string[]) => ({
  length: labels.length,
  labels: { values: Int32Array.from(labels), width: 1 },
  files,
  ids,
});

const TIME = new Date("2024-05-01T12:00:00.000Z");

function write(path: string, text: string, time = TIME): string {
  Deno.writeTextFileSync(path, text);
  Deno.utimeSync(path, time, time);
  return path;
}

Deno.test("dataDifference() names the first thing that is not what it was", async () => {
  const folder = Deno.makeTempDirSync();
  const files = ["a", "b"].map((name) => write(join(folder, name), name));
  const before = JSON.parse(JSON.stringify(await dataFacts(split([0, 1], files, ["a", "b"]))));
  const difference = async (
    labels: readonly number[] = [0, 1],
    names: readonly string[] = files,
    ids = ["a", "b"],
  ) => (dataDifference(before, await dataFacts(split(labels, names, ids))) ?? "").split(" was ")[0];
  assertEquals(await difference(), "");
  assertEquals(await difference([0, 1, 1]), "number of samples");
  assertEquals(await difference([1, 1]), "hash of labels");
  assertEquals(await difference([0, 1], files, ["a", "c"]), "hash of names");
  assertEquals(await difference([0, 1], [files[0]]), "number of files");
  write(files[0], "longer");
  assertEquals(await difference(), "size in bytes");
  write(files[0], "");
  write(files[1], "ab"); // as many bytes in all
  assertEquals(await difference(), "hash of the files' sizes");
  write(files[0], "a");
  write(files[1], "b", new Date("2024-05-01T12:00:00.001Z"));
  assertEquals(
    dataDifference(before, await dataFacts(split([0, 1], files, ["a", "b"]))),
    "time of the newest change was 2024-05-01T12:00:00.000Z, is 2024-05-01T12:00:00.001Z",
  );
  write(files[1], "b", new Date("2023-05-01T12:00:00.000Z"));
  assertEquals(await difference(), "hash of the files' times");
  write(files[1], "b");
  assertEquals(await difference(), "");
  assertEquals(
    dataDifference(
      { ...before, files: undefined },
      await dataFacts(split([0, 1], files, ["a", "b"])),
    ),
    "number of files was not recorded, is 2",
  );
});

Deno.test("fileFacts() goes through any number of files, and stops when told to", async () => {
  const folder = Deno.makeTempDirSync();
  const files = Array.from({ length: 150 }, (_, i) => write(join(folder, String(i)), "xy"));
  const facts = await fileFacts([...files, join(folder, "missing")]);
  assertEquals([facts.files, facts.bytes, facts.newest], [151, 300, TIME.toISOString()]);
  await assertRejects(() => fileFacts(files, AbortSignal.abort()), DOMException);
});
