import { assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { readSamples } from "../../../jobs/plot_umap/read_samples.ts";
import { writeBags } from "../../_bags.ts";
import { TemporaryFolder } from "../../engine/storage/testdata.ts";
import { writeFeatures } from "./_files.ts";

const ALL = { maxSamples: 5000, maxPerClass: 200, seed: 42 };

Deno.test("readSamples() reads names, splits and classes as files say them", async () => {
  using folder = new TemporaryFolder();
  const path = await writeFeatures(folder.file("a.h5"), {
    count: 4,
    ids: ["w", "x", "y", "z"],
    attributes: { split: "val", class_names: '["cat","dog","owl"]' },
  });
  const { samples, classNames, total, points } = await readSamples([path], ALL);
  assertEquals(samples.map(({ id, label, split }) => [id, label, split]), [
    ["w", 0, "val"],
    ["x", 1, "val"],
    ["y", 2, "val"],
    ["z", 0, "val"],
  ]);
  assertEquals([...classNames], [[0, "cat"], [1, "dog"], [2, "owl"]]);
  assertEquals([total, points.length, points.width], [4, 4, 4]);
});

Deno.test("readSamples() takes rows for names, and the file's name for the split", async () => {
  using folder = new TemporaryFolder();
  for (const [name, split] of [["digits_val.h5", "val"], ["Train.h5", "train"], ["x1.h5", "x1"]]) {
    const path = await writeFeatures(folder.file(name), { count: 2 });
    const { samples } = await readSamples([path], ALL);
    assertEquals(samples.map(({ id, split }) => [id, split]), [["0", split], ["1", split]]);
  }
});

Deno.test("readSamples() reads the chosen rows of several files, each with its features", async () => {
  using folder = new TemporaryFolder();
  const a = await writeFeatures(folder.file("train.h5"), { count: 40, seed: 1 });
  const b = await writeFeatures(folder.file("val.h5"), { count: 20, seed: 2 });
  const [allA, allB] = [await readSamples([a], ALL), await readSamples([b], ALL)];
  const some = await readSamples([a, b], { maxSamples: 30, maxPerClass: 8, seed: 42 });
  assertEquals([some.total, some.samples.length], [60, 24]);
  assertEquals(new Set(some.samples.map(({ split }) => split)), new Set(["train", "val"]));
  const { width } = some.points;
  for (const [row, { file, id, label }] of some.samples.entries()) {
    const { points, samples } = file === a ? allA : allB;
    const from = Number(id) * width;
    assertEquals(label, samples[Number(id)].label);
    assertEquals(
      some.points.values.subarray(row * width, (row + 1) * width),
      points.values.subarray(from, from + width),
    );
  }
});

Deno.test("readSamples() refuses bags, files of another width and names for some samples", async () => {
  using folder = new TemporaryFolder();
  const bags = await writeBags(folder.file("bags.h5"), 6, 1);
  await assertRejects(
    () => readSamples([bags], ALL),
    DataError,
    `Cannot plot "${bags}": it holds bags`,
  );
  const a = await writeFeatures(folder.file("a.h5"));
  const b = await writeFeatures(folder.file("b.h5"), { width: 5 });
  const message = `Cannot plot "${b}": its features have 5 values, those of "${a}" have 4`;
  await assertRejects(() => readSamples([a, b], ALL), DataError, message);
  await assertRejects(() => readSamples(["missing.h5"], ALL), DataError, "does not exist");
});
