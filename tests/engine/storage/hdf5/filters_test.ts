import { deflateSync } from "node:zlib";
import { assertEquals, assertThrows } from "@std/assert";
import {
  DamagedChunk,
  filterBeyondUs,
  undoFilters,
} from "../../../../engine/storage/hdf5/filters.ts";

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

Deno.test("undoFilters() makes no more of a chunk than belongs into it", () => {
  const options = { filters: [gzip], mask: 0, expected: 6 };
  const bomb = new Uint8Array(deflateSync(new Uint8Array(50_000_000)));
  assertThrows(() => undoFilters(bomb, options), DamagedChunk, "is damaged");
  const small = new Uint8Array(deflateSync(data));
  assertThrows(
    () => undoFilters(small, { ...options, expected: 2 ** 32 }),
    DamagedChunk,
    `${small.length} bytes cannot hold 4294967296`,
  );
});

Deno.test("undoFilters() undoes compression of what was compressed before", () => {
  const lzf = { id: 32_000, values: [] };
  const packed = Uint8Array.of(5, ...data);
  const both = new Uint8Array(deflateSync(packed));
  const options = { filters: [lzf, gzip], mask: 0, expected: 6 };
  assertEquals(Uint8Array.from(undoFilters(both, options)), data);
  assertEquals(Uint8Array.from(undoFilters(packed, { ...options, mask: 2 })), data);
});

Deno.test("filterBeyondUs() tells codecs of blosc apart, and gives names that files give", () => {
  const blosc = (codec: number) => [{ id: 32_001, values: [2, 2, 4, 48, 5, 1, codec] }];
  assertEquals([0, 1, 5].map((codec) => filterBeyondUs(blosc(codec))), Array(3).fill(undefined));
  assertEquals(filterBeyondUs(blosc(4)), "filter 32001 (blosc with zlib)");
  assertEquals(filterBeyondUs([shuffle, { id: 40_000, values: [] }]), "filter 40000");
  const named = { id: 40_000, values: [], name: "mine,\n version 2" };
  assertEquals(filterBeyondUs([named]), "filter 40000 (mine, version 2)");
});

Deno.test("undoFilters() leaves no chunk shuffled whose filter says no size", () => {
  const bytes = new Uint8Array([1, 3, 2, 4]);
  for (const values of [[], [0], [2, 2]]) {
    const options = { filters: [{ id: 2, values }], mask: 0, expected: 4 };
    assertThrows(() => undoFilters(bytes, options), DamagedChunk, "elements of no size");
    assertEquals(undoFilters(bytes, { ...options, mask: 1 }), bytes);
  }
});
