import { assertEquals, assertThrows } from "@std/assert";
import {
  expect,
  sameValues,
  tasksOf,
  unlessRefused,
} from "../../../registry/testing/plugin_under_test.ts";

Deno.test("expect() throws what is the case instead", () => {
  expect(true, "never said");
  assertThrows(() => expect(false, "it is not"), Error, "it is not");
});

Deno.test("unlessRefused() takes a RangeError for a refusal, and nothing else", () => {
  assertEquals(unlessRefused(() => 3), 3);
  const fail = (error: Error) => () => {
    throw error;
  };
  assertEquals(unlessRefused(fail(new RangeError("no"))), undefined);
  assertThrows(() => unlessRefused(fail(new TypeError("oops"))), TypeError, "oops");
});

Deno.test("sameValues() compares to the bit", () => {
  assertEquals(sameValues(Float32Array.of(1, NaN), [1, NaN]), true);
  assertEquals(sameValues([0], [-0]), false);
  assertEquals(sameValues([1, 2], [1]), false);
});

Deno.test("tasksOf() lists targets of every kind", () => {
  assertEquals(
    tasksOf(4, 2).map(({ subtask, numClasses }) => [subtask, numClasses]),
    [
      ["multiclass", 4],
      ["multilabel", 4],
      ["regression", 2],
    ],
  );
});
