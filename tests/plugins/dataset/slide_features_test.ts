import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import * as v from "valibot";
import { openSplitSource } from "../../../engine/data/open_source.ts";
import { DataError } from "../../../engine/errors.ts";
import { slideFeatures } from "../../../plugins/dataset/slide_features.ts";
import type { Dataset, DatasetContext } from "../../../registry/plugin.ts";
import { bagValues, PRODUCERS, writeCohort, writeSlide, writeTable } from "../../_slides.ts";
import { inFolder } from "../../_training.ts";

/** The dataset of some options, with the schema's defaults. */
async function dataset(
  dataRootDir: string,
  options: Readonly<Record<string, unknown>>,
  context: Partial<DatasetContext> = {},
): Promise<Dataset> {
  const config = v.parse(slideFeatures.config, options);
  return await slideFeatures.create(config, { dataRootDir, ...context });
}

async function refusal(work: () => Promise<unknown>): Promise<string> {
  return (await assertRejects(work, RangeError)).message;
}

Deno.test("slide_features tells classes, ids, patients and files, and reads the bags", async () => {
  await inFolder(async (folder) => {
    const labels_file = await writeCohort(folder, 10);
    const made = await dataset(folder, { labels_file });
    assertEquals([made.task, made.subtask, made.numClasses], ["Classification", "multiclass", 2]);
    assertEquals([made.classNames, made.folds], [["a", "b"], undefined]);
    const [train, val] = [await made.open("train"), await made.open("val")];
    assertEquals([train?.length, val?.length, await made.open("test")], [16, 4, undefined]);
    assertEquals([train?.name, train?.sampleShape], [`${folder} (train)`, [2]]);
    assertEquals(train?.bagLengths, new Int32Array(16).fill(3));
    assertEquals(train?.files?.length, 16);
    assertEquals(val?.ids?.map((id) => `p${Math.floor(Number(id.slice(1)) / 2)}`), val?.patients);
    const source = await openSplitSource(val!);
    const { features } = await source.read(Int32Array.of(2));
    assertEquals(features, bagValues(Number(val!.ids![2].slice(1)), 3));
    source.close();
  });
});

Deno.test("what it finds in the table stands in for the table afterwards", async () => {
  await inFolder(async (folder) => {
    const labels_file = await writeCohort(folder, 4);
    const { found } = await dataset(folder, { labels_file });
    assertEquals(found, { num_classes: 2, label_columns: ["label"], class_names: ["a", "b"] });
    await Deno.remove(labels_file);
    const again = await dataset(folder, { labels_file, ...found });
    assertEquals([again.numClasses, again.subtask, again.classNames], [2, "multiclass", [
      "a",
      "b",
    ]]);
    await assertRejects(() => again.open("train"), DataError, "the file does not exist");
  });
});

Deno.test("several columns are multilabel, numbers a regression", async () => {
  await inFolder(async (folder) => {
    await writeCohort(folder, 3);
    const lines = ["slide_id,case_id,er,pr,age", "s0,p0,1,0,60", "s2,p1,0,1,50.5", "s4,p2,1,1,70"];
    const labels_file = await writeTable(join(folder, "t.csv"), ...lines);
    const multi = await dataset(folder, { labels_file, label_columns: ["er", "pr"] });
    assertEquals([multi.subtask, multi.classNames], ["multilabel", ["er", "pr"]]);
    const train = await multi.open("train");
    assertEquals([train?.labels.width, train?.labels.values.length], [2, 4]);
    const age = await dataset(folder, { labels_file, label_columns: ["age"], task: "Regression" });
    assertEquals([age.task, age.subtask, age.numClasses, age.classNames], [
      ...["Regression", "regression", 1, undefined],
    ]);
    const { values } = (await age.open("train"))!.labels;
    assertEquals(values.every((value) => [60, 50.5, 70].includes(value)), true);
    const recorded = await dataset(folder, { labels_file, task: "Regression", ...age.found });
    assertEquals(recorded.numClasses, 1);
  });
});

Deno.test("in a cross-validation it gives the fold that is asked for", async () => {
  await inFolder(async (folder) => {
    const labels_file = await writeCohort(folder, 12);
    const tested: string[] = [];
    for (const fold of [0, 1, 2]) {
      const made = await dataset(folder, { labels_file }, { fold, folds: 3 });
      assertEquals(made.folds, 3);
      tested.push(...(await made.open("test"))!.ids!);
    }
    assertEquals(tested.sort(), Array.from({ length: 24 }, (_, slide) => `s${slide}`).sort());
  });
});

Deno.test("a column of folds stands for those of all folds", async () => {
  const { root, ...options } = PRODUCERS.trident;
  const first = await dataset(root, options, { fold: 2, folds: 4 });
  const own = await dataset(root, { ...options, split_column: "fold_2" });
  assertEquals((await first.open("test"))?.ids, (await own.open("test"))?.ids);
  assertEquals(
    await refusal(() =>
      dataset(root, { ...options, split_column: "split" }, { fold: 0, folds: 4 })
    ),
    "expected data.split_column to end in the number of a fold, as fold_0 does, for a " +
      'cross-validation, received "split"',
  );
});

Deno.test("the slides of a patient are one bag where it is asked for", async () => {
  await inFolder(async (folder) => {
    const labels_file = await writeCohort(folder, 10);
    const made = await dataset(folder, { labels_file, bag_level: "patient" });
    const train = (await made.open("train"))!;
    assertEquals([train.length, train.ids], [8, train.patients]);
    assertEquals(train.bagLengths, new Int32Array(8).fill(6));
    const source = await openSplitSource(train);
    const { features } = await source.read(Int32Array.of(0));
    const patient = Number(train.ids![0].slice(1));
    const bags = [2 * patient, 2 * patient + 1].flatMap((bag) => [...bagValues(bag, 3)]);
    assertEquals([...features], bags);
    source.close();
  });
});

Deno.test("single vectors are samples without bags", async () => {
  await inFolder(async (folder) => {
    const labels_file = await writeCohort(folder, 6);
    for (let slide = 0; slide < 12; slide++) {
      await writeSlide(join(folder, `s${slide}.h5`), [4], { data: bagValues(slide, 1, 4) });
    }
    const train = (await (await dataset(folder, { labels_file })).open("train"))!;
    assertEquals([train.sampleShape, train.bagLengths], [[4], undefined]);
    const source = await openSplitSource(train);
    const rows = await source.read(Int32Array.of(1));
    assertEquals([rows.lengths, [...rows.features]], [
      undefined,
      [...bagValues(Number(train.ids![1].slice(1)), 1, 4)],
    ]);
    source.close();
  });
});

Deno.test("options that do not fit the table are refused", async () => {
  await inFolder(async (folder) => {
    const labels_file = await writeCohort(folder, 4);
    assertEquals(
      await refusal(() => dataset(folder, {})),
      "expected data.labels_file, a table of labels",
    );
    const wrong = `expected data.num_classes to be 2, as in "${labels_file}", received 3`;
    assertEquals(await refusal(() => dataset(folder, { labels_file, num_classes: 3 })), wrong);
    const recorded = { num_classes: 3, class_names: ["a", "b"], label_columns: ["label"] };
    assertEquals(await refusal(() => dataset(folder, { labels_file, ...recorded })), wrong);
  });
});
