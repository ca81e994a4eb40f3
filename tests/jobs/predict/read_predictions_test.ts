import { assertEquals, assertThrows } from "@std/assert";
import type { Predictions } from "../../../engine/data/predictions.ts";
import { DataError } from "../../../engine/errors.ts";
import { readPredictions } from "../../../jobs/predict/read_predictions.ts";
import { writePredictions } from "../../../jobs/predict/write_predictions.ts";
import { TemporaryFolder } from "../../engine/storage/testdata.ts";

const multiclass: Predictions = {
  task: "Classification",
  subtask: "multiclass",
  numClasses: 2,
  classNames: ["benign, clear", "malignant"],
  ids: ["a", 'b"1"', "c"],
  patients: ["p", "p", "q"],
  splits: ["val", "test", "test"],
  labels: { values: Int32Array.of(0, 1, 1), width: 1 },
  scores: Float32Array.of(0.1, 0.9, 1 / 3, 2 / 3, 0.75, 0.25),
  spread: Float32Array.of(0.01, 0.01, 0.1, 0.1, 0, 0),
};
const { classNames: _names, patients: _patients, splits: _splits, spread: _spread, ...plain } =
  multiclass;
const multilabel: Predictions = {
  ...plain,
  subtask: "multilabel",
  classNames: ["fat", "name"],
  labels: { values: Float32Array.of(0, 1, 1, 1, 0, 0), width: 2 },
};
const regression: Predictions = {
  task: "Regression",
  subtask: "regression",
  numClasses: 1,
  ids: ["a", "b"],
  labels: { values: Float32Array.of(-1.5, 3e-8), width: 1 },
  scores: Float32Array.of(-1.25, 1e9),
};

async function again(predictions: Predictions): Promise<Predictions> {
  using folder = new TemporaryFolder();
  const file = folder.file("predictions.csv");
  await writePredictions(file, predictions);
  return readPredictions(file);
}

Deno.test("readPredictions() reads what writePredictions() wrote, to the bit", async () => {
  const { labels: _labels, ...unlabelled } = multiclass;
  const one = { numClasses: 1, scores: Float32Array.of(0.2, 0.4, 0.6) };
  const cases: Predictions[] = [
    multiclass,
    plain,
    unlabelled,
    multilabel,
    {
      ...plain,
      ...one,
      subtask: "multilabel",
      labels: { values: Float32Array.of(0, 1, 1), width: 1 },
    },
    regression,
    { ...regression, numClasses: 2, classNames: ["age", "size"], ids: ["a"], labels: undefined },
  ];
  for (const { labels, ...each } of cases) {
    const predictions = labels ? { ...each, labels } : each;
    assertEquals(await again(predictions), predictions);
  }
});

Deno.test("readPredictions() takes names of classes that are known beforehand", async () => {
  using folder = new TemporaryFolder();
  const file = folder.file("predictions.csv");
  await writePredictions(file, plain);
  assertEquals(readPredictions(file, { classNames: ["x", "y"] }).classNames, ["x", "y"]);
});

function refused(text: string, options?: Parameters<typeof readPredictions>[1]): string {
  using folder = new TemporaryFolder();
  const file = folder.file("p.csv");
  Deno.writeTextFileSync(file, text);
  const { message } = assertThrows(() => readPredictions(file, options), DataError);
  return message.replace(file, "p.csv");
}

Deno.test("readPredictions() names file and line of what is wrong", () => {
  const head = "id,label,predicted,prob_0,prob_1\n";
  const good = "a,0,0,0.75,0.25\n";
  assertEquals(
    refused("id,score\na,1\n"),
    'Cannot read "p.csv": it has neither columns "prob_<class>" nor a column "value", ' +
      'its columns are "id", "score"',
  );
  assertEquals(refused(head), 'Cannot read "p.csv": it has no predictions');
  const cases: readonly (readonly [string, string])[] = [
    ["b,2,0,0.75,0.25\n", '"label" is "2", expected an integer from 0 to 1'],
    ["b,,0,0.75,0.25\n", '"label" is empty, expected an integer from 0 to 1'],
    ["b,1,0,0.75,x\n", '"prob_1" is "x", expected a probability from 0 to 1'],
    ["b,1,0,1.5,0.25\n", '"prob_0" is "1.5", expected a probability from 0 to 1'],
    ["b,1,0,0.25,0.75\n", "it predicts 0, its probabilities say 1"],
    [",1,0,0.75,0.25\n", "it has no id"],
  ];
  for (const [row, state] of cases) {
    assertEquals(refused(head + good + row), `Cannot read "p.csv": line 3: ${state}`);
  }
});

Deno.test("readPredictions() refuses predictions of another task or of other classes", () => {
  const table = "id,label,label_name,predicted,prob_cat,prob_dog\na,1,dog,0,0.75,0.25\n";
  assertEquals(
    refused(table, { subtask: "regression" }),
    'Cannot read "p.csv": it has predictions of a multiclass task, expected regression',
  );
  assertEquals(
    refused(table, { classNames: ["cat", "cow"] }),
    'Cannot read "p.csv": its classes are "cat", "dog", expected "cat", "cow"',
  );
  assertEquals(
    refused(table.replace("dog,0", "cat,0")),
    'Cannot read "p.csv": line 2: label 1 is "cat", class 1 is "dog"',
  );
  assertEquals(
    refused("id,predicted,prob_0,prob_1\na,0,1,0\n", { classNames: ["a", "b", "c"] }),
    'Cannot read "p.csv": it has 2 classes, expected 3',
  );
});

Deno.test("readPredictions() takes labels that are all empty as not known", () => {
  using folder = new TemporaryFolder();
  const file = folder.file("p.csv");
  Deno.writeTextFileSync(file, "id,label,value\na,,1.5\nb,,2\n");
  assertEquals(readPredictions(file).labels, undefined);
});
