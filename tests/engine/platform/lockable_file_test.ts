import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { DenoFile, isDenoFileLocked } from "../../../engine/platform/_deno_file.ts";
import { isNodeFileLocked, NodeFile } from "../../../engine/platform/_node_file.ts";
import { isFileLocked, openLockable } from "../../../engine/platform/lockable_file.ts";
import { errorCode } from "../../../engine/storage/file_reader.ts";

/** Both kinds run under Deno, which has Node's calls. */
const KINDS = [
  { name: "DenoFile", File: DenoFile, isLocked: isDenoFileLocked },
  { name: "NodeFile", File: NodeFile, isLocked: isNodeFileLocked },
];

for (const { name, File, isLocked } of KINDS) {
  Deno.test(`${name} is held by one at a time`, () => {
    const path = join(Deno.makeTempDirSync(), "run.lock");
    const [first, second] = [new File(path), new File(path)];
    assertEquals([first.tryLock(), second.tryLock(), second.tryLock()], [true, false, false]);
    assertEquals([first.tryLock(), second.tryLock(), isLocked(path)], [true, false, true]);
    second.close();
    assertEquals([isLocked(path), new File(path).tryLock()], [true, false]);
    first.close();
    assertEquals(isLocked(path), false);
    using third = new File(path);
    assertEquals(third.tryLock(), true);
  });

  Deno.test(`${name} reads and writes anywhere, held or not`, () => {
    using file = new File(join(Deno.makeTempDirSync(), "journal"));
    assertEquals(file.tryLock(), true);
    file.write(2, Uint8Array.of(3, 4, 5));
    file.write(0, Uint8Array.of(1, 2));
    const bytes = new Uint8Array(4);
    assertEquals([file.size, file.read(0, bytes), ...bytes], [5, 4, 1, 2, 3, 4]);
    file.truncate(3);
    assertEquals([file.size, file.read(2, bytes), bytes[0]], [3, 1, 3]);
    assertEquals(file.read(3, bytes), 0);
  });

  Deno.test(`${name} knows whether a path still leads to it`, () => {
    const path = join(Deno.makeTempDirSync(), "run.lock");
    using file = new File(path);
    assertEquals(file.isAt(path), true);
    file.remove(path);
    assertEquals(file.isAt(path), false);
    Deno.writeTextFileSync(path, "");
    assertEquals(file.isAt(path), false);
  });

  Deno.test(`${name} cannot be made in a missing folder`, () => {
    const path = join(Deno.makeTempDirSync(), "missing", "run.lock");
    assertEquals(errorCode(assertThrows(() => new File(path), Error)), "ENOENT");
    assertEquals(errorCode(assertThrows(() => isLocked(path), Error)), "ENOENT");
  });
}

Deno.test("openLockable() and isFileLocked() take Deno's locks under Deno", () => {
  const path = join(Deno.makeTempDirSync(), "run.lock");
  using file = openLockable(path);
  assertEquals([file.tryLock(), isFileLocked(path), isDenoFileLocked(path)], [true, true, true]);
  assertEquals([...Deno.readDirSync(join(path, ".."))].map(({ name }) => name), ["run.lock"]);
});

Deno.test("DenoFile gives its lock up although other threads are starting processes", async () => {
  const path = join(Deno.makeTempDirSync(), "run.lock");
  const command = Deno.build.os === "windows" ? "hostname" : "true";
  const code = `
    let going = true;
    onmessage = () => going = false;
    postMessage("begun");
    while (going) await new Deno.Command("${command}", { stdout: "null" }).output();
    postMessage("over");`;
  const url = `data:text/javascript,${encodeURIComponent(code)}`;
  const workers = [0, 1, 2].map(() => new Worker(url, { type: "module" }));
  const told = () =>
    Promise.all(workers.map((worker) => new Promise((resolve) => worker.onmessage = resolve)));
  await told();
  let refused = 0;
  for (let round = 0; round < 10_000; round++) {
    using file = new DenoFile(path);
    if (!file.tryLock()) refused++;
  }
  const over = told();
  for (const worker of workers) worker.postMessage("stop");
  await over;
  for (const worker of workers) worker.terminate();
  assertEquals(refused, 0);
});
