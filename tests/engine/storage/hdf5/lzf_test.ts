import { assertEquals, assertThrows } from "@std/assert";
import { DamagedChunk, unpackLzf } from "../../../../engine/storage/hdf5/lzf.ts";

Deno.test("unpackLzf() copies what came before, also what it is writing", () => {
  // "ab", then nine bytes from two back: a copy of length 7 says that one more byte adds to it.
  const packed = Uint8Array.of(1, 97, 98, 0xe0, 0, 1);
  assertEquals(new TextDecoder().decode(unpackLzf(packed, 11)), "abababababa");
  assertEquals(unpackLzf(Uint8Array.of(1, 7, 8), 100), Uint8Array.of(7, 8));
  assertEquals(unpackLzf(new Uint8Array(0), 100).length, 0);
});

Deno.test("unpackLzf() refuses blocks that are cut off, go back too far or unpack to more", () => {
  const bad = [[3, 1, 2], [0, 1, 0x20], [0, 1, 0xe0, 9], [0, 1, 0x20, 1], [0x20, 0]];
  for (const bytes of bad) {
    assertThrows(() => unpackLzf(Uint8Array.from(bytes), 100), DamagedChunk, "is damaged");
  }
  const nine = Uint8Array.of(1, 97, 98, 0xe0, 0, 1);
  assertThrows(() => unpackLzf(nine, 10), DamagedChunk);
  assertThrows(() => unpackLzf(Uint8Array.of(1, 7, 8), 1), DamagedChunk);
});
