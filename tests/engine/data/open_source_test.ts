import { assert, assertEquals, assertRejects } from "@std/assert";
import { openSplitSource } from "../../../engine/data/open_source.ts";
import { syntheticSplit } from "./synthetic_source.ts";

Deno.test("openSplitSource() opens the source that a split names", async () => {
  const source = await openSplitSource(syntheticSplit(3));
  const { features } = await source.read(Int32Array.of(2));
  assertEquals(features, Float32Array.of(2000, 2001));
  source.close();
});

Deno.test("openSplitSource() names a module that is missing or exports no source", async () => {
  const split = (module: string) => ({ name: "a.h5", source: { module, options: {} } });
  const missing = await assertRejects(() => openSplitSource(split("file:///no.ts")), TypeError);
  assert(missing.message.startsWith('Cannot read a.h5: module "file:///no.ts" failed to import: '));
  const empty = "data:text/javascript,export const openSource = 3";
  const wrong = await assertRejects(() => openSplitSource(split(empty)), TypeError);
  assertEquals(wrong.message, `Cannot read a.h5: module "${empty}" exports no function openSource`);
});
