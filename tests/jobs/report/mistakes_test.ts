import { assertEquals } from "@std/assert";
import type { Predictions } from "../../../engine/data/predictions.ts";
import { worstMistakes } from "../../../jobs/report/mistakes.ts";

const task = { task: "Classification", numClasses: 2, classNames: ["a", "b"] } as const;

Deno.test("worstMistakes() gives the surest wrong decisions of all folds", () => {
  const fold = (score: number): Predictions => ({
    ...task,
    subtask: "multiclass",
    ids: ["x", "y"],
    patients: ["p", "q"],
    labels: { values: Int32Array.of(0, 0), width: 1 },
    scores: Float32Array.of(1 - score, score, 0.75, 0.25),
  });
  const { total, worst } = worstMistakes([fold(0.625), fold(0.875)], 1);
  assertEquals([total, worst], [
    2,
    [{
      run: 1,
      patient: "q",
      id: "x",
      truth: "a",
      predicted: "b",
      score: 0.875,
      truthScore: 0.125,
    }].map((each) => ({ ...each, patient: "p" })),
  ]);
});

Deno.test("worstMistakes() judges each label, in either direction", () => {
  const { worst } = worstMistakes([{
    ...task,
    subtask: "multilabel",
    ids: ["x"],
    labels: { values: Float32Array.of(1, 0), width: 2 },
    scores: Float32Array.of(0.125, 0.75),
  }], 5);
  assertEquals(
    worst.map(({ target, truth, predicted, score }) => [target, truth, predicted, score]),
    [["a", "yes", "no", 0.875], ["b", "no", "yes", 0.75]],
  );
});

Deno.test("worstMistakes() sorts numbers by their distance from the truth", () => {
  const { total, worst } = worstMistakes([{
    task: "Regression",
    subtask: "regression",
    numClasses: 1,
    ids: ["x", "y", "z"],
    labels: { values: Float32Array.of(1, 2, 3), width: 1 },
    scores: Float32Array.of(1.5, -2, 3),
  }], 2);
  assertEquals([total, ...worst.map(({ id, score }) => [id, score])], [3, ["y", -4], ["x", 0.5]]);
});
