import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../../engine/errors.ts";
import { FeatureWriter } from "../../../../engine/features/feature_writer.ts";
import { Hdf5File } from "../../../../engine/storage/hdf5/hdf5.ts";
import { KINDS_FOLDER, TemporaryFolder } from "../testdata.ts";

Deno.test("Hdf5File.attributes() reads what h5py wrote, among many and in large ones", async () => {
  using file = await Hdf5File.open(`${KINDS_FOLDER}/attributes.h5`);
  const attributes = file.attributes();
  assertEquals(attributes.size, 40);
  const expected = {
    text: "größer ".repeat(20),
    number: 2.5,
    half: 0.5,
    truth: true,
    truths: [true, false],
    list: [0, 1, 2, 3],
    texts: ["x", "größe"],
    fixed: "abc",
    empty: null,
    "more 29": 29,
  };
  for (const [name, value] of Object.entries(expected)) {
    assertEquals(attributes.get(name), value, name);
  }
  assertEquals(attributes.get("long"), Array.from({ length: 20_000 }, (_, i) => i));
});

Deno.test("Hdf5File.attributes() names a text that is not UTF-8", async () => {
  using file = await Hdf5File.open(`${KINDS_FOLDER}/attributes.h5`);
  const state = 'dataset "features": attribute "latin" is not UTF-8';
  assertThrows(() => file.attributes("features"), DataError, state);
});

Deno.test("Hdf5File.attributes() asks the library for types that are not known here", async () => {
  using file = await Hdf5File.open(`${KINDS_FOLDER}/compound_attribute.h5`);
  const attributes = file.attributes("features");
  assertEquals(attributes.get("pair"), [1, 2.5]);
  assertEquals(attributes.get("lists"), [[1, 2], [3]]);
});

Deno.test("Hdf5File.text() and attributes() refuse a heap of texts that was overwritten", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("texts.h5");
  const writer = await FeatureWriter.create(path, { embedDim: 1 });
  writer.append(Float32Array.of(1), [0]);
  writer.attribute("encoder", "a text of some length, ".repeat(20));
  writer.attribute("augmentation", "another one");
  writer.close();
  const bytes = Deno.readFileSync(path);
  const heap = new TextDecoder("latin1").decode(bytes).indexOf("GCOL");
  // Zeros behind the head of the heap, at its start, and over all of it.
  for (const [from, to] of [[16, 528], [0, 512], [16, 4096], [4, 16]]) {
    Deno.writeFileSync(path, bytes.slice().fill(0, heap + from, heap + to));
    using file = await Hdf5File.open(path);
    assertThrows(() => file.attributes(), DataError, 'attribute "encoder" is damaged');
    assertThrows(() => file.text("encoder"), DataError, 'attribute "encoder" is damaged');
  }
});
