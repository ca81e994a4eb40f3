import { assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { matchPredictions } from "../../../jobs/plot_umap/predictions.ts";
import type { Sample } from "../../../jobs/plot_umap/read_samples.ts";
import { TemporaryFolder } from "../../engine/storage/testdata.ts";

const SAMPLES: readonly Sample[] = [
  { file: "val.h5", id: "a", label: 0, split: "val" },
  { file: "val.h5", id: "b", label: 1, split: "val" },
  { file: "val.h5", id: "c", label: 1, split: "val" },
];

/** Matches a table of these lines. */
async function match(
  lines: readonly string[],
  samples = SAMPLES,
  names = new Map<number, string>(),
) {
  using folder = new TemporaryFolder();
  const path = folder.file("p.csv");
  Deno.writeTextFileSync(path, lines.join("\n"));
  const { predicted, splits, classNames, notices } = await matchPredictions(path, samples, names)
    .catch((error) => {
      error.message = error.message.replaceAll(path, "p.csv");
      throw error;
    });
  return { predicted, splits, names: [...classNames], notices };
}

async function refused(lines: readonly string[], message: string, samples = SAMPLES) {
  await assertRejects(() => match(lines, samples), DataError, message);
}

Deno.test("matchPredictions() matches by id, in any order, with names of classes", async () => {
  const found = await match([
    "id,label,label_name,predicted,predicted_name,prob_cat,prob_dog",
    "c,1,dog,0,cat,0.9,0.1",
    "a,0,cat,0,cat,0.9,0.1",
    "b,1,dog,1,dog,0.2,0.8",
    "other,1,dog,1,dog,0.2,0.8",
  ]);
  assertEquals(found.predicted, [0, 1, 0]);
  assertEquals(new Map(found.names), new Map([[0, "cat"], [1, "dog"]]));
  assertEquals(found.notices, []);
});

Deno.test("matchPredictions() takes names alone, known from labels or from the feature file", async () => {
  const byLabel = await match([
    "id,label_name,predicted_name",
    "a,cat,cat",
    "b,dog,cat",
    "c,dog,dog",
  ]);
  assertEquals(byLabel.predicted, [0, 0, 1]);
  const byFile = await match(
    ["id,predicted", "a,cat", "b,dog", "c,cat"],
    SAMPLES,
    new Map([[0, "cat"], [1, "dog"]]),
  );
  assertEquals(byFile.predicted, [0, 1, 0]);
  await refused(
    ["id,predicted", "a,cat"],
    'line 2 predicts "cat", not the name of a class: the classes have no names',
  );
});

Deno.test("matchPredictions() says how many samples have no prediction, and refuses a table of none", async () => {
  const found = await match(["id,predicted", "b,1", "c,"]);
  assertEquals(found.predicted, [undefined, 1, undefined]);
  assertEquals(found.notices.map((line) => line.replace(/".*"/, "")), [
    " has no prediction for 2 of 3 samples",
  ]);
  await refused(["id,predicted", "a,"], "it has a prediction for none of the samples");
  await refused(["id,predicted", "x,1"], 'it has none of the samples\' ids, such as "a"');
});

Deno.test("matchPredictions() matches by split where the table knows the file's", async () => {
  const lines = ["id,split,predicted", "a,train,1", "a,val,0", "b,val,1", "c,val,1"];
  assertEquals((await match(lines)).predicted, [0, 1, 1]);
  assertEquals((await match(lines)).splits, ["val", "val", "val"]);
  const unknown = SAMPLES.map((sample) => ({ ...sample, split: "features" }));
  assertEquals((await match(lines.toSpliced(1, 1), unknown)).splits, ["val", "val", "val"]);
  await refused(lines, 'lines 2 and 3 both have the id "a"', unknown);
  const twice = [SAMPLES[0], { ...SAMPLES[0], file: "test.h5", split: "test" }];
  await refused(
    ["id,predicted", "a,0"],
    'the table needs a column "split" with "val", "test"',
    twice,
  );
});

Deno.test("matchPredictions() refuses tables of other samples, and tables without predictions", async () => {
  await refused(
    ["id,label,predicted", "a,1,1"],
    'Cannot match "p.csv" with "val.h5": line 2 has the label "1" for "a", the features have "0"',
  );
  await refused(
    ["id,label,label_name,predicted", "a,0,cat,1", "b,,cat,1"],
    'line 3 has the label "cat" for "b"',
  );
  await refused(
    ["id,value", "a,1.5"],
    'it has no column "predicted", its columns are "id", "value"',
  );
  await refused(["name,predicted", "a,1"], 'it has no column "id"');
});
