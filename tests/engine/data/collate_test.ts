import { assertEquals, assertThrows } from "@std/assert";
import { packBags, padBags } from "../../../engine/data/collate.ts";
import type { Batch } from "../../../engine/data/data.ts";

const BATCH: Batch = {
  features: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
  rows: 6,
  size: 3,
  lengths: Int32Array.of(2, 1, 3),
  labels: Int32Array.of(0, 1, 0),
  indices: Int32Array.of(4, 5, 6),
};

Deno.test("padBags() puts zeros and a mask beyond the end of each bag", () => {
  const { features, shape, mask } = padBags(BATCH);
  assertEquals(shape, [3, 3, 2]);
  assertEquals([...features], [1, 2, 3, 4, 0, 0, 5, 6, 0, 0, 0, 0, 7, 8, 9, 10, 11, 12]);
  assertEquals([...mask], [1, 1, 0, 1, 0, 0, 1, 1, 1]);
});

Deno.test("packBags() undoes padBags()", () => {
  const { features, rows, lengths } = packBags(padBags(BATCH));
  assertEquals(features, BATCH.features);
  assertEquals(lengths, BATCH.lengths);
  assertEquals(rows, 6);
});

Deno.test("packBags() takes masks with gaps, and ignores what padding holds", () => {
  const packed = packBags({
    features: Float32Array.of(NaN, 1, 2, 3, Infinity, NaN),
    shape: [2, 3, 1],
    mask: Uint8Array.of(0, 1, 1, 1, 0, 0),
  });
  assertEquals([...packed.features], [1, 2, 3]);
  assertEquals([...packed.lengths], [2, 1]);
});

Deno.test("padBags() throws on batches without bags or with other lengths", () => {
  assertThrows(() => padBags({ ...BATCH, lengths: undefined }), TypeError, "samples are not bags");
  for (const lengths of [Int32Array.of(2, 1), Int32Array.of(2, 1, 4)]) {
    assertThrows(() => padBags({ ...BATCH, lengths }), TypeError, "Cannot pad a batch of 3 bags");
  }
});

Deno.test("packBags() throws on shapes and masks that do not fit", () => {
  const padded = padBags(BATCH);
  assertThrows(() => packBags({ ...padded, shape: [3, 2, 3] }), TypeError, "a mask of 9");
  assertThrows(() => packBags({ ...padded, shape: [3, 3, 1] }), TypeError, "18 features");
  const other = padded.mask.with(4, 2);
  assertThrows(() => packBags({ ...padded, mask: other }), RangeError, "bag 1: its mask holds 2");
  const empty = padded.mask.with(3, 0);
  assertThrows(() => packBags({ ...padded, mask: empty }), RangeError, "bag 1: its mask keeps no");
});
