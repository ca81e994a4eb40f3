import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  addFilterPlugins,
  hasEnded,
  libraryReason,
  loadHdf5Library,
} from "../../../../engine/storage/hdf5/library.ts";

Deno.test("loadHdf5Library() gives one and the same library", async () => {
  assertEquals(await loadHdf5Library(), await loadHdf5Library());
});

Deno.test("addFilterPlugins() puts plugins on the search path once", async () => {
  const { module } = await loadHdf5Library();
  const before = module.get_plugin_search_paths();
  await addFilterPlugins();
  assertStringIncludes(module.get_plugin_search_paths()[0], "plugins");
  await addFilterPlugins();
  assertEquals(module.get_plugin_search_paths().length, before.length + 1);
});

Deno.test("libraryReason() takes the innermost reason of a stack", () => {
  const stack = "HDF5-DIAG:\n #000: a\n  major: File\n  minor: Unable to open\n minor: Cut off\n";
  assertEquals(libraryReason(new Error(stack)), "Cut off");
  assertEquals(libraryReason("no stack\nat all"), "no stack");
});

Deno.test("libraryReason() prefers what functions say, and always says something", () => {
  const places = "#000: H5F.c line 1 in H5Fopen(): unable to open\n  minor: Unable to open\n" +
    "#001: H5Z.c line 2 in H5Z_pipeline(): inflate() failed\n  minor: \n";
  assertEquals(libraryReason(new Error(places)), "inflate() failed");
  assertEquals(libraryReason(new Error("")), "it does not say why");
  assertEquals(libraryReason("\n  minor: \n\nlast"), "last");
});

Deno.test("loadHdf5Library() gives a fresh library after one has given itself up", async () => {
  const before = await loadHdf5Library();
  assertEquals(hasEnded(new Error("can't open file")), false);
  assertEquals(await loadHdf5Library(), before);
  assertEquals(hasEnded(new WebAssembly.RuntimeError("memory access out of bounds")), true);
  const after = await loadHdf5Library();
  assert(after.module !== before.module);
  const path = Deno.makeTempFileSync();
  const file = new after.h5wasm.File(path, "w");
  file.create_dataset({ name: "x", data: Float32Array.of(1, 2) });
  file.close();
  Deno.removeSync(path);
});
