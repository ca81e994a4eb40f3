import { assertEquals } from "@std/assert";
import { lookup3 } from "../../../../engine/storage/hdf5/lookup3.ts";

Deno.test("lookup3() gives the values of its author's own program", () => {
  const text = new TextEncoder().encode("Four score and seven years ago");
  assertEquals(lookup3(text), 0x17770551);
  assertEquals(lookup3(new Uint8Array(0)), 0xdeadbeef);
});

Deno.test("lookup3() reads blocks of every length to their last byte", () => {
  const sums = new Set<number>();
  for (let length = 0; length < 40; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => i + 1);
    sums.add(lookup3(bytes));
    if (length > 0) {
      bytes[length - 1] ^= 0x80;
      sums.add(lookup3(bytes));
    }
  }
  assertEquals(sums.size, 79);
});
