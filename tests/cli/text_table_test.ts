import { assertEquals } from "@std/assert";
import { factLines, formatNumber, textTable, wrapped } from "../../cli/text_table.ts";

Deno.test("textTable() puts numbers to the right and words to the left", () => {
  const rows = [["name", "type", "count"], ["a", "float32", 9], ["long name", "int64", 12_345]];
  assertEquals(textTable(rows, 2), [
    "  name       type      count",
    "  a          float32       9",
    "  long name  int64    12,345",
  ]);
});

Deno.test("textTable() draws no line of spaces", () => {
  assertEquals(textTable([["a", "b"], ["1", ""]]), ["a  b", "1"]);
});

Deno.test("formatNumber() keeps whole numbers and four digits of others", () => {
  const numbers = [0, -1234567, 0.5, 1234.5, 0.123456, 1e-9, NaN];
  assertEquals(numbers.map(formatNumber), [
    ...["0", "-1,234,567", "0.5", "1,235", "0.1235", "1e-9", "NaN"],
  ]);
});

Deno.test("factLines() aligns facts, and goes on below them", () => {
  const long = Array.from({ length: 30 }, () => "word").join(" ");
  const lines = factLines([["a", "1"], ["nothing", undefined], ["long", long]], 2);
  assertEquals(lines[0], "  a     1");
  assertEquals(lines.length, 3);
  assertEquals(lines.slice(1).every((line) => line.length <= 100), true);
  assertEquals(lines[2].startsWith("        word"), true);
});

Deno.test("wrapped() leaves a word whole that is longer than a line", () => {
  assertEquals(wrapped("a longer b", 3), ["a", "longer", "b"]);
});
