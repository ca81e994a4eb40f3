import { assertEquals } from "@std/assert";
import { announcedCode, missingLine, readBlocks } from "./_pages.ts";

Deno.test("readBlocks() gives a block the text that follows as its output", () => {
  const page =
    "a\n\n```sh\none\ntwo\n```\n\nThis gives\n\n```text\nthree\n```\n\n```ts\nfour\n```\n";
  assertEquals(readBlocks(page), [
    { language: "sh", text: "one\ntwo", line: 3, output: "three" },
    { language: "ts", text: "four", line: 14 },
  ]);
});

Deno.test("announcedCode() is 0 unless a block says otherwise", () => {
  assertEquals([announcedCode("a"), announcedCode("a # exits with 2")], [0, 2]);
});

Deno.test("missingLine() lets measured numbers, times and random names differ", () => {
  const actual = "run e/20260102_030405_precomputed_0123abcd/0\nnote\nloss 0.25, 1.3 s (best)";
  const shown = "run e/20250908_070605_precomputed_feedbeef/0\n…\nloss 2.50e-4, 0.1 s";
  assertEquals(missingLine(shown, actual), undefined);
});

Deno.test("missingLine() finds words and counts that differ, and lines in another order", () => {
  assertEquals(missingLine("10 samples", "12 samples"), "10 samples");
  assertEquals(missingLine("b\na", "a\nb"), "a");
  assertEquals(missingLine('of "a", …, got "x"', 'of "a", "b", got "x"'), undefined);
});
