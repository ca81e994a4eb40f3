import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  libraryReason,
  loadHdf5Library,
  prepareFilters,
} from "../../../../engine/storage/hdf5/library.ts";

Deno.test("loadHdf5Library() gives one and the same library", async () => {
  assertEquals(await loadHdf5Library(), await loadHdf5Library());
});

Deno.test("prepareFilters() puts plugins on the search path only when one is needed", async () => {
  const { module } = await loadHdf5Library();
  const before = module.get_plugin_search_paths();
  assertEquals(await prepareFilters([1, 2, 3]), undefined);
  assertEquals(module.get_plugin_search_paths(), before);
  assertEquals(await prepareFilters([2, 32000]), undefined);
  assertStringIncludes(module.get_plugin_search_paths()[0], "plugins");
  assertEquals(module.get_plugin_search_paths().length, before.length + 1);
  assertEquals(await prepareFilters([32015]), undefined);
  assertEquals(module.get_plugin_search_paths().length, before.length + 1);
});

Deno.test("prepareFilters() names a filter without plugin", async () => {
  assertEquals(await prepareFilters([1, 40_000]), 40_000);
});

Deno.test("libraryReason() takes the innermost reason of a stack", () => {
  const stack = "HDF5-DIAG:\n #000: a\n  major: File\n  minor: Unable to open\n minor: Cut off\n";
  assertEquals(libraryReason(new Error(stack)), "Cut off");
  assertEquals(libraryReason("no stack\nat all"), "no stack");
});
