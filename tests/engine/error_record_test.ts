import { assert, assertEquals } from "@std/assert";
import { recordError, restoreError } from "../../engine/error_record.ts";
import { ContractError } from "../../engine/fault.ts";
import { DataError, PartError } from "../../engine/errors.ts";

/** The same error on another thread. */
function across(error: unknown): Error {
  return restoreError(structuredClone(recordError(error)));
}

Deno.test("recordError() and restoreError() keep a DataError's fields and cause", () => {
  const cause = new RangeError("too far");
  const place = { file: "a.h5", dataset: "features", index: 3 };
  const error = across(new DataError("Cannot read row 3", { ...place, cause }));
  assert(error instanceof DataError);
  const { message, file, dataset, index } = error;
  assertEquals({ message, file, dataset, index }, { message: "Cannot read row 3", ...place });
  assert(error.cause instanceof RangeError);
});

Deno.test("restoreError() keeps the name of a class that it does not know", () => {
  class Odd extends Error {
    override name = "Odd";
  }
  const error = across(new Odd("strange"));
  assertEquals([error.name, error.message], ["Odd", "strange"]);
});

Deno.test("recordError() takes what is not an error, and stops at endless causes", () => {
  assertEquals(across("text").message, "text");
  const error = new Error("loop");
  error.cause = error;
  let depth = 0;
  for (let at: unknown = across(error); at instanceof Error; at = at.cause) depth++;
  assertEquals(depth, 9);
});

Deno.test("recordError() and restoreError() keep a PartError's part and words", () => {
  const causes = [new TypeError("oops"), new ContractError("expected a, received b"), "no host"];
  for (const cause of causes) {
    const sent = new PartError('dataset "mine"', cause);
    const error = across(sent);
    assert(error instanceof PartError);
    assertEquals([error.part, error.message], ['dataset "mine"', sent.message]);
  }
});
