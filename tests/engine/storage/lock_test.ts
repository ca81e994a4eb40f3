import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DataError } from "../../../engine/errors.ts";
import { FileLock, isLocked, openLocked } from "../../../engine/storage/lock.ts";

const HOLDER = fileURLToPath(new URL("./_hold_lock.ts", import.meta.url));

Deno.test("FileLock.take() is refused while another process has it, and not once that was killed", async () => {
  const path = join(await Deno.makeTempDir(), "a.lock");
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--allow-read", "--allow-write", HOLDER, path],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const reader = process.stdout.getReader();
  assertEquals(new TextDecoder().decode((await reader.read()).value), "held\n");
  const error = assertThrows(() => FileLock.take(path, "it is taken"), DataError);
  assertEquals([error.message, error.file], ["it is taken", path]);
  assertEquals(isLocked(path), true);
  process.kill("SIGKILL");
  await process.status;
  await reader.cancel();
  assert(Deno.statSync(path).isFile);
  assertEquals(isLocked(path), false);
  using lock = FileLock.take(path, "it is taken");
  lock.release();
  assertThrows(() => Deno.statSync(path), Deno.errors.NotFound);
});

Deno.test("FileLock keeps a file that holds something, and a name that is another file by now", () => {
  const folder = Deno.makeTempDirSync();
  const [full, replaced] = ["full", "replaced"].map((name) => join(folder, name));
  Deno.writeTextFileSync(full, "x");
  FileLock.take(full, "").release();
  assertEquals(Deno.readTextFileSync(full), "x");
  const lock = FileLock.take(replaced, "");
  Deno.removeSync(replaced);
  Deno.writeTextFileSync(replaced, "");
  lock.release();
  lock.release();
  assert(Deno.statSync(replaced).isFile);
});

Deno.test("isLocked() makes no file, and takes no lock", () => {
  const path = join(Deno.makeTempDirSync(), "a.lock");
  assertEquals(isLocked(path), false);
  assertThrows(() => Deno.statSync(path), Deno.errors.NotFound);
  Deno.writeTextFileSync(path, "");
  assertEquals(isLocked(path), false);
  FileLock.take(path, "it is taken").release();
});

Deno.test("openLocked() says when a file cannot be written", () => {
  const path = join(Deno.makeTempDirSync(), "missing", "a.lock");
  const error = assertThrows(() => openLocked(path), DataError);
  assertEquals(
    error.message,
    `Cannot write "${path}": the folder "${join(path, "..")}" does not exist`,
  );
});
