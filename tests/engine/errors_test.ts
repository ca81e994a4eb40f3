import { assert, assertEquals } from "@std/assert";
import { DataError, TrainingError } from "../../engine/errors.ts";

Deno.test("DataError carries where it is wrong, and why", () => {
  const cause = new Error("short read");
  const error = new DataError("Cannot read", { file: "a.h5", dataset: "labels", index: 3, cause });
  assertEquals([error.file, error.dataset, error.index], ["a.h5", "labels", 3]);
  assert(error.cause === cause && error instanceof Error);
  assertEquals([error.name, String(error)], ["DataError", "DataError: Cannot read"]);
});

Deno.test("DataError may know no place", () => {
  const { file, dataset, index } = new DataError("Cannot read");
  assertEquals([file, dataset, index], [undefined, undefined, undefined]);
});

Deno.test("DataError is one line whatever names hold", () => {
  const { message, file } = new DataError('Cannot read "a\n\tb\u009b.h5": größe', {
    file: "a\n\tb",
  });
  assertEquals(message, 'Cannot read "a\\n\\tb\\u009b.h5": größe');
  assertEquals(file, "a\n\tb");
});

Deno.test("TrainingError carries epoch and batch", () => {
  const error = new TrainingError("Cannot go on", 2, 7);
  assertEquals([error.name, error.epoch, error.batch], ["TrainingError", 2, 7]);
});
