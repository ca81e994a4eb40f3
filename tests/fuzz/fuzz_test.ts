import { assertEquals, assertGreater } from "@std/assert";
import { fuzz } from "./_fuzz.ts";

Deno.test("2,000 changed files give the right value or an error of one line", async () => {
  const all = await fuzz({ inputs: 2000, seed: 20_261_130 });
  assertEquals(all.flatMap(({ wrong }) => wrong), []);
  // The changes are of use: some files are refused, and not all of them.
  for (const { format, read, refused } of all) {
    assertEquals(read + refused, 250, format);
    assertGreater(read, 3, format);
    // A journal is never refused for damage: what follows it is computed again.
    if (format !== "journals") assertGreater(refused, 20, format);
  }
});
