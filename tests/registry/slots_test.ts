import { assert, assertEquals } from "@std/assert";
import { SLOTS, slotsOf, TREE_SLOTS } from "../../registry/slots.ts";
import { SECTIONS } from "../../registry/config/sections.ts";

Deno.test("SLOTS: every slot lies in a section of the tree", () => {
  const sections = SECTIONS.map((section) => section.path);
  for (const slot of TREE_SLOTS) assert(sections.includes(SLOTS[slot].section), slot);
});

Deno.test("SLOTS: the field of a key is not an own field of its section", () => {
  for (const slot of TREE_SLOTS) {
    const section = SECTIONS.find(({ path }) => path === SLOTS[slot].section);
    assert(!Object.hasOwn(section!.entries, SLOTS[slot].field), slot);
  }
});

Deno.test("slotsOf() lists the slots of a section", () => {
  assertEquals(slotsOf("optimizer"), ["optimizer", "scheduler"]);
  assertEquals(slotsOf("training"), []);
});
