import { assertEquals } from "@std/assert";
import { firstLine } from "../../engine/first_line.ts";

Deno.test("firstLine() takes the first line of whatever was thrown", () => {
  assertEquals(firstLine(new TypeError("a\nb\nc")), "a");
  assertEquals(firstLine(new Error("")), "");
  assertEquals(firstLine("text\nmore"), "text");
  assertEquals(firstLine(undefined), "undefined");
});
