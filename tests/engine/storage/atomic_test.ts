import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import {
  removeTemporaries,
  removeTemporariesOf,
  replaceFile,
  temporaryPath,
  writeError,
  writeFileAtomic,
  writeJsonAtomic,
} from "../../../engine/storage/atomic.ts";
import { TemporaryFolder } from "./testdata.ts";

const names = (folder: string) => [...Deno.readDirSync(folder)].map((entry) => entry.name);

Deno.test("writeFileAtomic() writes pieces one after the other", async () => {
  using folder = new TemporaryFolder();
  await writeFileAtomic(folder.file("a"), [new Uint8Array([1]), new Uint8Array([2, 3])]);
  assertEquals(Deno.readFileSync(folder.file("a")), new Uint8Array([1, 2, 3]));
  await writeFileAtomic(folder.file("a"), new Uint8Array([9]));
  assertEquals(Deno.readFileSync(folder.file("a")), new Uint8Array([9]));
  assertEquals(names(folder.path), ["a"]);
});

Deno.test("writeFileAtomic() keeps the old file when a piece fails", async () => {
  using folder = new TemporaryFolder();
  await writeFileAtomic(folder.file("a"), new Uint8Array([1]));
  const chunks = function* () {
    yield new Uint8Array([2]);
    throw new Error("no more");
  };
  await assertRejects(() => writeFileAtomic(folder.file("a"), chunks()), Error, "no more");
  assertEquals(Deno.readFileSync(folder.file("a")), new Uint8Array([1]));
  assertEquals(names(folder.path), ["a"]);
});

Deno.test("writeFileAtomic() writes through a link and keeps permissions", async () => {
  if (Deno.build.os === "windows") return assert(true);
  using folder = new TemporaryFolder();
  Deno.writeTextFileSync(folder.file("target"), "old", { mode: 0o640 });
  Deno.symlinkSync(folder.file("target"), folder.file("link"));
  await writeFileAtomic(folder.file("link"), new TextEncoder().encode("new"));
  assertEquals(Deno.readTextFileSync(folder.file("target")), "new");
  assert(Deno.lstatSync(folder.file("link")).isSymlink);
  assertEquals((Deno.statSync(folder.file("target")).mode ?? 0) & 0o777, 0o640);
});

Deno.test("writeJsonAtomic() writes indented JSON", async () => {
  using folder = new TemporaryFolder();
  await writeJsonAtomic(folder.file("a.json"), { epochs: 2 });
  assertEquals(Deno.readTextFileSync(folder.file("a.json")), '{\n  "epochs": 2\n}\n');
});

Deno.test("temporaryPath() makes names that differ and fit any file system", () => {
  const path = temporaryPath(`folder/${"n".repeat(250)}`);
  assert(path !== temporaryPath(`folder/${"n".repeat(250)}`));
  assertEquals(path.slice(0, 8), "folder/.");
  assert(path.length - "folder/".length < 150, path);
});

Deno.test("removeTemporaries() removes the names that temporaryPath() makes, and no others", () => {
  using folder = new TemporaryFolder();
  const kept = ["a", "notes.tmp", ".hidden", ".mine.tmp", `a.${crypto.randomUUID()}.tmp`];
  for (const name of kept) Deno.writeTextFileSync(folder.file(name), "");
  for (const name of ["a", ".hidden"]) {
    Deno.writeTextFileSync(temporaryPath(folder.file(name)), "");
  }
  removeTemporaries(folder.path);
  assertEquals(names(folder.path).sort(), kept.sort());
});

Deno.test("replaceFile() removes what a failed writer left", async () => {
  using folder = new TemporaryFolder();
  const write = (path: string) => {
    Deno.writeTextFileSync(path, "half");
    throw new Error("stopped");
  };
  await assertRejects(() => replaceFile(folder.file("a"), write), Error, "stopped");
  assertEquals(names(folder.path), []);
});

Deno.test("writeFileAtomic() names the file when its folder is missing or it is a folder", async () => {
  using folder = new TemporaryFolder();
  const missing = folder.file("none/a");
  await assertRejects(
    () => writeFileAtomic(missing, new Uint8Array(1)),
    DataError,
    `Cannot write "${missing}": the folder "${folder.path}/none" does not exist`,
  );
  Deno.mkdirSync(folder.file("b"));
  await assertRejects(
    () => writeFileAtomic(folder.file("b"), new Uint8Array(1)),
    DataError,
    `Cannot write "${folder.file("b")}": it is a folder`,
  );
  assertEquals(names(folder.path), ["b"]);
});

Deno.test("writeError() says in one line what the file system refuses", () => {
  const states = {
    ENOSPC: "the disk is full",
    EROFS: "the folder is read-only",
    EACCES: "permission denied",
    EPERM: "permission denied",
  };
  for (const [code, state] of Object.entries(states)) {
    const error = writeError(Object.assign(new Error("os error"), { code }), "runs/last.pt");
    assert(error instanceof DataError);
    assertEquals(error.message, `Cannot write "runs/last.pt": ${state}`);
    assertEquals(error.file, "runs/last.pt");
  }
  const other = new Error("something else");
  assertEquals(writeError(other, "x"), other);
});

Deno.test("removeTemporariesOf() removes what is left of one file, also behind a link", () => {
  using folder = new TemporaryFolder();
  Deno.mkdirSync(folder.file("disk"));
  Deno.writeTextFileSync(folder.file("disk/a.h5"), "");
  Deno.symlinkSync(folder.file("disk/a.h5"), folder.file("link.h5"));
  const kept = ["b.h5", "disk/a.h5.x", "aa.h5"].map((name) => temporaryPath(folder.file(name)));
  const left = ["link.h5", "disk/a.h5"].map((name) => temporaryPath(folder.file(name)));
  for (const path of [...kept, ...left]) Deno.writeTextFileSync(path, "");
  removeTemporariesOf(folder.file("link.h5"));
  for (const path of kept) assert(Deno.statSync(path).isFile);
  for (const path of left) assertThrows(() => Deno.statSync(path), Deno.errors.NotFound);
});

Deno.test("writeError() tells a file in the way of a folder, and a temporary file that is gone", () => {
  using folder = new TemporaryFolder();
  const file = folder.file("a");
  Deno.writeTextFileSync(file, "");
  const message = (error: unknown, path: string) => (writeError(error, path) as Error).message;
  const exists = assertThrows(() => Deno.mkdirSync(file, { recursive: true }), Error);
  assertEquals(message(exists, file), `Cannot write "${file}": it is a file, not a folder`);
  const gone = assertThrows(() => Deno.renameSync(folder.file("b"), file), Error);
  assertEquals(
    message(gone, file),
    `Cannot write "${file}": another process removed its temporary file`,
  );
});
