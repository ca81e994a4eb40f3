import { assertEquals } from "@std/assert";
import type { Split } from "../../../engine/data/data.ts";
import { openSplitSource } from "../../../engine/data/open_source.ts";
import { labelsOf, splitPart } from "../../../engine/data/split_part.ts";

/** Reads twice its index. */
const CODE = `export const openSource = () => ({
  read: (indices) => ({ features: Float32Array.from(indices, (index) => 2 * index) }),
  close() {},
})`;

const WHOLE: Split = {
  name: "numbers",
  length: 5,
  labels: { values: Int32Array.of(0, 1, 2, 3, 4), width: 1 },
  sampleShape: [1],
  bagLengths: Int32Array.of(1, 1, 2, 1, 1),
  ids: ["a", "b", "c", "d", "e"],
  patients: ["p", "p", "q", "q", "r"],
  source: { module: `data:text/javascript,${encodeURIComponent(CODE)}`, options: {} },
};

Deno.test("splitPart() has facts and rows of its samples alone", async () => {
  const part = splitPart(WHOLE, Int32Array.of(1, 4));
  assertEquals([part.length, part.ids, part.patients], [2, ["b", "e"], ["p", "r"]]);
  assertEquals([part.labels.values, part.bagLengths], [Int32Array.of(1, 4), Int32Array.of(1, 1)]);
  const source = await openSplitSource(structuredClone({ name: part.name, source: part.source }));
  const { features } = await source.read(Int32Array.of(1, 0));
  assertEquals(features, Float32Array.of(8, 2));
  source.close();
});

Deno.test("splitPart() of a part reads from the whole", async () => {
  const part = splitPart(splitPart(WHOLE, Int32Array.of(1, 2, 4)), Int32Array.of(2));
  const source = await openSplitSource(part);
  assertEquals((await source.read(Int32Array.of(0))).features, Float32Array.of(8));
  source.close();
});

Deno.test("labelsOf() takes rows of several targets", () => {
  const labels = { values: Float32Array.of(0, 1, 2, 3, 4, 5), width: 2 };
  assertEquals(labelsOf(labels, Int32Array.of(2, 0)), {
    values: Float32Array.of(4, 5, 0, 1),
    width: 2,
  });
});
