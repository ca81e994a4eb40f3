import { assertEquals } from "@std/assert";
import { checksum } from "../../../engine/storage/checksum.ts";

Deno.test("checksum() is CRC-32", () => {
  assertEquals(checksum(new TextEncoder().encode("123456789")), 0xcbf43926);
  assertEquals(checksum(new Uint8Array(0)), 0);
});

Deno.test("checksum() counts every byte beyond 4 GiB", () => {
  // CRC-32 of 2^32 + 1 zeros, as Python's zlib gives it.
  assertEquals(checksum(new Uint8Array(2 ** 32 + 1)), 0x41d912ff);
});
