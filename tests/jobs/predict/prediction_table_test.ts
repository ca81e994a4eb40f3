import { assertEquals } from "@std/assert";
import { predictedClasses, predictionTable } from "../../../jobs/predict/prediction_table.ts";

const CLASSES = { task: "Classification", subtask: "multiclass", numClasses: 3 } as const;
const scores = Float32Array.of(0.2, 0.5, 0.3, 0.4, 0.4, 0.2);
const columns = (predictions: Parameters<typeof predictionTable>[0]) =>
  Object.fromEntries(predictionTable(predictions));

Deno.test("classes: what is known and what is predicted, by number and by name", () => {
  const labels = { values: Int32Array.of(1, 2), width: 1 };
  const facts = { ids: ["a", "b"], patients: ["p", "q"], splits: ["val", "test"] };
  const classNames = ["x", "y", "z"];
  assertEquals(columns({ ...CLASSES, ...facts, classNames, labels, scores }), {
    id: ["a", "b"],
    patient: ["p", "q"],
    split: ["val", "test"],
    label: [1, 2],
    label_name: ["y", "z"],
    predicted: [1, 0], // the first of two that are equally probable
    predicted_name: ["y", "x"],
    prob_x: [0.2, 0.4],
    prob_y: [0.5, 0.4],
    prob_z: [0.3, 0.2],
  });
});

Deno.test("what is not known has no column", () => {
  assertEquals(Object.keys(columns({ ...CLASSES, ids: ["a", "b"], scores })), [
    ...["id", "predicted", "prob_0", "prob_1", "prob_2"],
  ]);
});

Deno.test("an ensemble shows how far its models are apart", () => {
  const task = { task: "Classification", subtask: "multiclass", numClasses: 2 } as const;
  const spread = Float32Array.of(0.125, 0.25);
  const found = columns({ ...task, ids: ["a"], scores: Float32Array.of(0.25, 0.75), spread });
  assertEquals([found.sd_0, found.sd_1], [[0.125], [0.25]]);
});

Deno.test("several labels have columns of their own", () => {
  const task = { task: "Classification", subtask: "multilabel", numClasses: 2 } as const;
  const labels = { values: Float32Array.of(1, 0), width: 2 };
  const found = columns({
    ...task,
    ids: ["a"],
    classNames: ["er", "pr"],
    labels,
    scores: Float32Array.of(0.5, 0.75),
  });
  assertEquals(found, {
    id: ["a"],
    label_er: [1],
    label_pr: [0],
    predicted_er: [0], // only what is above one half
    predicted_pr: [1],
    prob_er: [0.5],
    prob_pr: [0.75],
  });
});

Deno.test("a regression has values; numbers are as short as float32 allows", () => {
  const task = { task: "Regression", subtask: "regression", numClasses: 1 } as const;
  const values = Float32Array.of(0.1, 61.5, 1 / 3);
  const ids = ["a", "b", "c"];
  const labels = { values: Float32Array.of(1, 2, 3), width: 1 };
  const { value, label } = columns({ ...task, ids, labels, scores: values });
  assertEquals([value, label], [[0.1, 61.5, 0.33333334], [1, 2, 3]]);
  assertEquals(Float32Array.from(value as number[]), values);
});

Deno.test("predictedClasses() takes the most probable class", () => {
  assertEquals(predictedClasses({ ...CLASSES, ids: ["a", "b"], scores }), Int32Array.of(1, 0));
});
