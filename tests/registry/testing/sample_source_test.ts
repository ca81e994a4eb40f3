import { assertEquals, assertNotEquals } from "@std/assert";
import { openSource } from "../../../registry/testing/sample_source.ts";

Deno.test("openSource() gives samples that depend on their index only", async () => {
  const source = openSource({ sampleShape: [2, 2] });
  const { features } = await source.read(Int32Array.of(5, 3));
  assertEquals(features.length, 8);
  assertEquals((await source.read(Int32Array.of(3))).features, features.slice(4));
  assertNotEquals(features.slice(0, 4), features.slice(4));
  const into = new Float32Array(4);
  assertEquals((await source.read(Int32Array.of(5), { into })).features, into);
  assertEquals(into, features.slice(0, 4));
  source.close();
});
