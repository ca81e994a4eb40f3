import { assertEquals, assertThrows } from "@std/assert";
import { constant } from "../../../engine/ir/create.ts";
import { add, exp } from "../../../engine/ir/elementwise.ts";
import { currentPart, inPart } from "../../../engine/ir/part.ts";

Deno.test("inPart() marks the nodes that its code makes, and no others", () => {
  const before = constant([1]);
  const [inner, outer] = inPart("outer", () => {
    const inner = inPart("inner", () => exp(before));
    return [inner, add(inner, 1)];
  });
  const after = add(outer, 1);
  assertEquals([inner.node.part, outer.node.part], ["inner", "outer"]);
  assertEquals(["part" in before.node, "part" in after.node], [false, false]);
  assertEquals(inPart(undefined, currentPart), undefined);
});

Deno.test("inPart() is over when its code throws", () => {
  const fail = () => {
    throw new RangeError("oops");
  };
  assertThrows(() => inPart("part", fail), RangeError);
  assertEquals(currentPart(), undefined);
});
