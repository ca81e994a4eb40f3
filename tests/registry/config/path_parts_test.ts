import { assertEquals, assertMatch } from "@std/assert";
import { checkPathParts } from "../../../registry/config/path_parts.ts";

Deno.test("checkPathParts() takes names, and names below names", () => {
  for (
    const text of [
      "a",
      "a/b",
      "2024-05-01 run (2)",
      "...",
      "a..b",
      ".hidden",
      "größe",
      "{split}.h5",
    ]
  ) {
    assertEquals(checkPathParts(text), undefined, text);
  }
});

Deno.test("checkPathParts() refuses what leads elsewhere or is not to be seen", () => {
  for (const text of ["..", ".", "../a", "a/../b", "a/..", "/a", "a/", "a//b", "./a"]) {
    assertMatch(
      checkPathParts(text)!,
      /^expected a name, or names with \/ between them, .*received/,
    );
  }
  for (const text of ["a\0b", "a\nb", "\x1b[2Ja", "a\x7f", "a\x9b2J", "a\\b", "a\u2028b"]) {
    const message = checkPathParts(text)!;
    assertMatch(message, /^expected a name without control characters and backslashes, received /);
    assertEquals(/[\p{Cc}\u2028]/u.test(message), false, "nothing raw is shown");
  }
});
