import { deflateSync } from "node:zlib";
import { assertEquals, assertThrows } from "@std/assert";
import { DamagedChunk, undoFilters } from "../../../../engine/storage/hdf5/filters.ts";

const gzip = { id: 1, values: [4] };
const shuffle = { id: 2, values: [2] };
const data = new Uint8Array([1, 2, 3, 4, 5, 6]);

Deno.test("undoFilters() undoes filters from the last to the first", () => {
  const shuffled = new Uint8Array([1, 3, 5, 2, 4, 6]);
  const packed = new Uint8Array(deflateSync(shuffled));
  const filters = [shuffle, gzip];
  assertEquals(Uint8Array.from(undoFilters(packed, { filters, mask: 0, expected: 6 })), data);
});

Deno.test("undoFilters() passes over filters that were left out", () => {
  assertEquals(undoFilters(data, { filters: [shuffle, gzip], mask: 3, expected: 6 }), data);
});

Deno.test("undoFilters() refuses chunks that do not decode", () => {
  const packed = new Uint8Array(deflateSync(data));
  const options = { filters: [gzip], mask: 0, expected: 6 };
  assertThrows(() => undoFilters(packed.subarray(0, 8), options), DamagedChunk, "damaged");
  assertThrows(
    () => undoFilters(packed, { ...options, expected: 7 }),
    DamagedChunk,
    "it has 6 bytes of 7",
  );
  const flipped = packed.slice();
  flipped[flipped.length - 1] ^= 1;
  assertThrows(() => undoFilters(flipped, options), DamagedChunk, "damaged");
  const checksum = [{ id: 3, values: [] }];
  assertThrows(
    () => undoFilters(data, { filters: checksum, mask: 0, expected: 2 }),
    DamagedChunk,
    "checksum differs",
  );
});
