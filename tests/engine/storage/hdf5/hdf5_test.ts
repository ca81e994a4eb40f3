import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DataError } from "../../../../engine/errors.ts";
import { Hdf5File } from "../../../../engine/storage/hdf5/hdf5.ts";
import { FeatureWriter } from "../../../../engine/features/feature_writer.ts";
import {
  H5_FOLDER,
  KINDS_FOLDER,
  LAYOUT_FOLDER,
  readKinds,
  readLayouts,
  TemporaryFolder,
} from "../testdata.ts";

for (const [name, { dataset: path, shape, first, sum }] of Object.entries(readLayouts())) {
  Deno.test(`Hdf5Dataset.readRows() reads what h5py wrote into ${name}`, async () => {
    using file = await Hdf5File.open(`${LAYOUT_FOLDER}/${name}`);
    const dataset = await file.dataset(path);
    assertEquals(dataset.header.shape, shape);
    const values = dataset.readRows();
    assertEquals(values.length, shape.reduce((a, b) => a * b));
    assertEquals(values.slice(0, first.length), Float32Array.from(first));
    assertAlmostEquals(values.reduce((a, b) => a + b, 0), sum, 1e-3);
  });
}

/** Files of which the HDF5 library reads less than this package. */
const NOT_BY_LIBRARY: Readonly<Record<string, string>> = {
  "enum_be.h5": "its enumeration is in a byte order that cannot be read with these filters",
  "enum_be_chunks.h5": "its enumeration is in a byte order that cannot be read with these filters",
  "enum_lzf.h5": "its enumeration is in a byte order that cannot be read with these filters",
};

for (const [name, { dataset: path, shape, values }] of Object.entries(readKinds())) {
  Deno.test(`Hdf5Dataset.readNumbers() reads ${name} as h5py does, directly or not`, async () => {
    // External storage begins in the current folder.
    const before = Deno.cwd();
    Deno.chdir(KINDS_FOLDER);
    try {
      for (const direct of [true, false]) {
        using file = await Hdf5File.open(name, { direct });
        const dataset = await file.dataset(path);
        assertEquals(dataset.header.shape, shape);
        const reason = direct ? undefined : NOT_BY_LIBRARY[name];
        if (reason) assertThrows(() => dataset.readNumbers(), DataError, reason);
        else assertEquals([...dataset.readNumbers()], values);
      }
    } finally {
      Deno.chdir(before);
    }
  });
}

Deno.test("Hdf5Dataset.dtype names the stored type", async () => {
  const names = { "bfloat16.h5": "bfloat16", "u8.h5": "uint64", "big_endian_f16.h5": "float16" };
  for (const [name, dtype] of Object.entries(names)) {
    using file = await Hdf5File.open(`${LAYOUT_FOLDER}/${name}`);
    assertEquals((await file.dataset("features")).dtype, dtype);
  }
});

Deno.test("Hdf5File.kindOf() and names() tell what is there", async () => {
  using file = await Hdf5File.open(`${LAYOUT_FOLDER}/nested_groups.h5`);
  assertEquals(file.names(), ["a"]);
  assertEquals(file.kindOf("a"), "group");
  assertEquals(file.kindOf("a/b/features"), "dataset");
  assertEquals(file.kindOf("a/c/features"), "missing");
  assertEquals(file.kindOf(""), "missing");
});

Deno.test("Hdf5File.dataset() names what is wrong with a dataset", async () => {
  using file = await Hdf5File.open(`${LAYOUT_FOLDER}/nested_groups.h5`);
  await assertRejects(() => file.dataset("b"), DataError, 'dataset "b" is missing');
  await assertRejects(() => file.dataset("a"), DataError, 'dataset "a" is a group');
  using strings = await Hdf5File.open(`${H5_FOLDER}/labels_string.h5`);
  await assertRejects(() => strings.dataset("labels"), DataError, "holds strings, not numbers");
});

Deno.test("Hdf5File.attributes() reads numbers, texts and lists", async () => {
  using file = await Hdf5File.open(`${LAYOUT_FOLDER}/grown.h5`);
  const root = file.attributes();
  assertEquals(root.get("tile_size_px"), 224);
  assertEquals(root.get("ok"), true);
  const features = file.attributes("features");
  assertEquals(features.get("encoder"), "uni_v1");
  assertEquals(features.get("dim"), 10);
  assertEquals(features.get("mean"), [0.5, 0.25]);
  assertThrows(() => file.attributes("nothing"), DataError, 'dataset "nothing" is missing');
});

Deno.test("Hdf5File.text() reads texts of the file, and nothing else", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("texts.h5");
  const writer = await FeatureWriter.create(path, { embedDim: 1 });
  writer.append(Float32Array.of(1), [0]);
  writer.attribute("encoder", "größer");
  writer.attribute("count", 3);
  writer.close();
  using file = await Hdf5File.open(path);
  assertEquals(["encoder", "count", "nothing"].map((name) => file.text(name)), [
    "größer",
    undefined,
    undefined,
  ]);
});

Deno.test("Hdf5File.texts() reads texts of one length and of any", async () => {
  using file = await Hdf5File.open(`${KINDS_FOLDER}/texts.h5`);
  assertEquals(file.texts("any"), ["größer", "", "b".repeat(5000), "日本"]);
  assertEquals(file.texts("fixed"), ["abc", "de", ""]);
  assertEquals(file.texts("spaces"), ["ab", "c d"]);
  assertEquals(file.texts("chunks"), Array.from({ length: 50 }, (_, i) => `slide ${i}`));
  const state = 'dataset "not_utf8", row 1: the text is not UTF-8';
  assertThrows(() => file.texts("not_utf8"), DataError, state);
  using numbers = await Hdf5File.open(`${KINDS_FOLDER}/compact.h5`);
  assertThrows(() => numbers.texts("features"), DataError, 'dataset "features" holds no texts');
});

Deno.test("Hdf5File.names() refuses names that are not UTF-8", async () => {
  using file = await Hdf5File.open(`${KINDS_FOLDER}/names.h5`);
  assertThrows(() => file.names(), DataError, 'a name in "/" is not UTF-8: "caf');
  using many = await Hdf5File.open(`${KINDS_FOLDER}/many_links.h5`);
  assertEquals(many.names().length, 151);
});

Deno.test("Hdf5File.kindOf() tells a link that leads nowhere from a missing name", async () => {
  using file = await Hdf5File.open(`${KINDS_FOLDER}/links.h5`);
  const names = ["soft", "outside", "outside_group", "dangling", "dead_file", "nothing"];
  assertEquals(names.map((name) => file.kindOf(name)), [
    ...["dataset", "dataset", "group", "other", "other", "missing"],
  ]);
  const dead = 'dataset "dead_file" is a link to "features" in "moved/away.h5", which does not';
  await assertRejects(() => file.dataset("dead_file"), DataError, dead);
});

Deno.test("Hdf5File.dataset() names filters that nothing here undoes", async () => {
  const filters = {
    "zfp.h5": "filter 32013 (zfp)",
    "blosc_zlib.h5": "filter 32001 (blosc with zlib)",
    "blosc_snappy.h5": "filter 32001 (blosc with snappy)",
    "szip.h5": "filter 4 (szip)",
    "unknown_filter.h5": "filter 40123",
  };
  for (const [name, filter] of Object.entries(filters)) {
    using file = await Hdf5File.open(`${KINDS_FOLDER}/${name}`);
    const state = `dataset "features" is compressed with ${filter}, which cannot be undone here`;
    await assertRejects(() => file.dataset("features"), DataError, state);
  }
});

Deno.test("A chunk that unpacks to more than it may is an error", async () => {
  for (const name of ["unpacks_to_much.h5", "large_chunk.h5"]) {
    using file = await Hdf5File.open(`${KINDS_FOLDER}/${name}`);
    const dataset = await file.dataset("features");
    assertThrows(() => dataset.readRows(0, 1), DataError, 'dataset "features", row 0: ');
  }
});

Deno.test("Hdf5File.open() says that a writer did not close the file", async () => {
  for (const name of ["killed.h5", "killed_swmr.h5"]) {
    const path = `${KINDS_FOLDER}/${name}`;
    const error = await assertRejects(() => Hdf5File.open(path), DataError);
    assert(error.message.includes("it was not closed by the program that wrote it"));
    assert(error.message.includes(`"h5clear -s ${path}"`));
  }
});

Deno.test("Hdf5Dataset refuses rows that are not there", async () => {
  using file = await Hdf5File.open(`${H5_FOLDER}/instance_f32.h5`);
  const dataset = await file.dataset("features");
  assertThrows(() => dataset.gatherRows(new Int32Array([40])), RangeError, "it has 40 rows");
  assertThrows(() => dataset.readRows(39, 2), RangeError, "rows 39 to 40");
  assertEquals(dataset.readRows(40, 0).length, 0);
});

Deno.test("Hdf5Dataset.readNumbers() keeps double precision", async () => {
  using file = await Hdf5File.open(`${LAYOUT_FOLDER}/big_endian_i64.h5`);
  const numbers = (await file.dataset("features")).readNumbers();
  assert(numbers instanceof Float64Array);
  assert(numbers.every(Number.isInteger));
});

Deno.test("Hdf5File.open() prints nothing and throws one line for damage", async () => {
  for (const name of ["not_hdf5.h5", "empty_file.h5", "truncated.h5"]) {
    const error = await assertRejects(() => Hdf5File.open(`${H5_FOLDER}/${name}`), DataError);
    assertEquals(error.message.split("\n").length, 1);
  }
});
