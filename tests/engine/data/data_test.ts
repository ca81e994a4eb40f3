import { assertEquals } from "@std/assert";
import { SPLIT_NAMES } from "../../../engine/data/data.ts";
import { SPLIT_NAMES as exported } from "../../../registry/mod.ts";

Deno.test("splits have the names that plugins are told, in the order in which they are used", () => {
  assertEquals(SPLIT_NAMES, ["train", "val", "test"]);
  assertEquals(exported, SPLIT_NAMES);
});
