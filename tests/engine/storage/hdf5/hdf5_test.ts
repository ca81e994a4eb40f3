import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DataError } from "../../../../engine/errors.ts";
import { Hdf5File } from "../../../../engine/storage/hdf5/hdf5.ts";
import { FeatureWriter } from "../../../../engine/features/feature_writer.ts";
import { H5_FOLDER, LAYOUT_FOLDER, readLayouts, TemporaryFolder } from "../testdata.ts";

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
