import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { DataError, PartError, TrainingError } from "../../engine/errors.ts";
import {
  ContractError,
  describe,
  failingAs,
  faultOf,
  isThenable,
  onBehalfOf,
  refuse,
} from "../../engine/fault.ts";

const PART = 'head_type "mine"';

Deno.test("faultOf() leaves alone what was thrown on purpose", () => {
  const foreign = Object.assign(new Error("Cannot read a.h5"), { name: "DataError" });
  const deliberate = [
    new DataError("Cannot read a.h5"),
    new TrainingError("Cannot go on", 0, 0),
    new PartError("dataset", "x"),
    new Deno.errors.NotCapable("Requires read access"),
    foreign,
  ];
  for (const error of deliberate) assertStrictEquals(faultOf(PART, error), error);
});

Deno.test("faultOf() puts everything else down to the part, in one line", () => {
  const thrown: [unknown, string][] = [
    [new TypeError("x is not a function"), "it is broken: x is not a function"],
    [new RangeError("Invalid array length\n  here"), "it is broken: Invalid array length"],
    ["no host", "it is broken: no host"],
    [undefined, "it is broken: undefined"],
    [new ContractError("expected a, received b"), "expected a, received b"],
  ];
  for (const [error, state] of thrown) {
    const fault = faultOf(PART, error);
    assert(fault instanceof PartError);
    assertEquals([fault.message, fault.part], [`Cannot use ${PART}: ${state}`, PART]);
    assertStrictEquals(fault.cause, error);
  }
});

Deno.test("faultOf() makes a DataError of what the system refuses", () => {
  const refused = assertThrows(() => Deno.readFileSync("/nowhere/a.bin"), Deno.errors.NotFound);
  const fault = faultOf(PART, refused);
  assert(fault instanceof DataError);
  assert(fault.message.startsWith(`Cannot use ${PART}: No such file or directory`));
  const node = Object.assign(new Error("no space left on device, write"), { code: "ENOSPC" });
  assert(faultOf(PART, node) instanceof DataError);
  const argument = Object.assign(new TypeError("wrong type"), { code: "ERR_INVALID_ARG_TYPE" });
  assert(faultOf(PART, argument) instanceof PartError);
});

Deno.test("onBehalfOf() blames the part, where there is one", async () => {
  const fail = () => {
    throw new TypeError("oops");
  };
  assertThrows(() => onBehalfOf(undefined, fail), TypeError, "oops");
  assertThrows(() => onBehalfOf(PART, fail), PartError, `Cannot use ${PART}: it is broken: oops`);
  await assertRejects(() => onBehalfOf(PART, () => Promise.reject(new Error("late"))), PartError);
  assertEquals(onBehalfOf(PART, () => 3), 3);
  assertEquals(await onBehalfOf(PART, () => Promise.resolve(3)), 3);
});

Deno.test("failingAs() waits for promises of any make", async () => {
  const explain = (error: unknown) => new Error(`explained ${error}`);
  const thenable = {
    then: (_: unknown, reject: (error: unknown) => void) => reject("late"),
  };
  assert(isThenable(thenable) && !isThenable({ then: 3 }) && !isThenable(null));
  await assertRejects(
    () => Promise.resolve(failingAs(explain, () => thenable)),
    Error,
    "explained",
  );
});

Deno.test("refuse() and describe() say what came instead", () => {
  assertThrows(() => refuse("a", "b"), ContractError, "expected a, received b");
  const values: [unknown, string][] = [
    [undefined, "nothing"],
    [null, "null"],
    ["text", '"text"'],
    ["x".repeat(50), `"${"x".repeat(40)}…"`],
    [NaN, "NaN"],
    [1n, "1"],
    [() => {}, "a function"],
    [{}, "an object"],
    [Object.create(null), "an object"],
    [[], "an Array"],
    [new Float32Array(1), "a Float32Array"],
    [Promise.resolve(), "a Promise"],
  ];
  for (const [value, words] of values) assertEquals(describe(value), words);
});
