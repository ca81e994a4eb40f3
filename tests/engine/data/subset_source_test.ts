import { assertEquals } from "@std/assert";
import { openSplitSource } from "../../../engine/data/open_source.ts";
import { subsetSource } from "../../../engine/data/subset_source.ts";
import { CLOSED, syntheticSplit } from "./synthetic_source.ts";

Deno.test("subsetSource() reads the samples that it was made of", async () => {
  const split = syntheticSplit(10);
  const source = subsetSource(split, Int32Array.of(7, 2, 5));
  const opened = await openSplitSource({ name: "some", source: structuredClone(source) });
  const { features } = await opened.read(Int32Array.of(1, 2, 0));
  assertEquals([...features], [2000, 2001, 5000, 5001, 7000, 7001]);
  const into = new Float32Array(2);
  assertEquals((await opened.read(Int32Array.of(0), { into })).features, into);
  opened.close();
  assertEquals(split.source.options.counts[CLOSED], 1);
});
