import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  broadcast,
  flatSize,
  formatShape,
  normalizeAxis,
  sameShape,
  sizeOf,
} from "../../../engine/ir/dims.ts";

Deno.test("formatShape() and sameShape() take sizes and symbols", () => {
  assertEquals(formatShape(["batch", 3]), "[batch, 3]");
  assert(sameShape(["batch", 3], ["batch", 3]));
  assert(!sameShape(["batch", 3], ["batch"]));
  assert(!sameShape(["batch", 3], ["bags", 3]));
});

Deno.test("sizeOf() multiplies sizes and refuses symbols", () => {
  assertEquals(sizeOf([2, 3, 4]), 24);
  assertEquals(sizeOf([]), 1);
  const message = 'Cannot count elements of [2, n]: "n" is a symbol';
  assertThrows(() => sizeOf([2, "n"]), TypeError, message);
});

Deno.test("flatSize() multiplies sizes and joins symbols", () => {
  assertEquals([flatSize([3, 4]), flatSize([]), flatSize(["batch"])], [12, 1, "batch"]);
  assertEquals([flatSize([3, "batch"]), flatSize(["a", 2, "b"])], ["3*batch", "a*2*b"]);
});

Deno.test("normalizeAxis() counts from either end", () => {
  assertEquals([normalizeAxis(-1, 3), normalizeAxis(0, 3)], [2, 0]);
  for (const axis of [3, -4, 0.5]) {
    const message = `Cannot use axis ${axis}: the tensor has 3 dimensions`;
    assertThrows(() => normalizeAxis(axis, 3), RangeError, message);
  }
});

Deno.test("broadcast() stretches dimensions of one", () => {
  assertEquals(broadcast(["n", 1, 3], [4, 1], "Add"), ["n", 4, 3]);
  assertEquals(broadcast([], [2], "Add"), [2]);
});
