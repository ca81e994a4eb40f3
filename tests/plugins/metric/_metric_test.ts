import { assertThrows } from "@std/assert";
import { assertBatch } from "../../../plugins/metric/_metric.ts";
import { batch, soft, taskOf } from "./_cases.ts";

Deno.test("assertBatch() accepts classes, labels from 0 to 1, and any real target", () => {
  for (
    const input of [
      batch("multiclass", 3, [0, 0, 0, 0, 0, 0], [0, 2]),
      batch("multilabel", 2, [0, 0, 0, 0], [0, 1, 1, 0]),
      soft(2, [0, 0, 0, 0], [0, 0.05, 0.95, 1]),
      batch("regression", 2, [0, 0, 0, 0], [-7.5, Infinity, NaN, 0]),
    ]
  ) assertBatch("acc", input, input);
});

Deno.test("assertBatch() throws when a label is outside its range", () => {
  const cases = [
    [batch("multiclass", 3, [0, 0, 0, 0, 0, 0], [0, 3]), "label of sample 1 is 3"],
    [batch("multiclass", 3, [0, 0, 0], [-1]), "label of sample 0 is -1"],
  ] as const;
  for (const [input, message] of cases) {
    const text = `Cannot compute metric "acc": ${message}, expected an integer from 0 to `;
    assertThrows(() => assertBatch("acc", input, input), RangeError, text);
  }
  for (const label of [-0.01, 1.01, NaN]) {
    const input = soft(2, [0, 0, 0, 0], [0, 1, 0.5, label]);
    const message = `label of sample 1 is ${Math.fround(label)}, expected a number from 0 to 1`;
    assertThrows(() => assertBatch("acc", input, input), RangeError, message);
  }
  const labels = Float32Array.of(0.5);
  const fraction = { ...batch("multiclass", 2, [0, 0], [0]), labels };
  assertThrows(
    () => assertBatch("acc", fraction, fraction),
    RangeError,
    "label of sample 0 is 0.5",
  );
});

Deno.test("assertBatch() throws when scores or labels have the wrong length", () => {
  const input = batch("multiclass", 3, [0, 0, 0, 0, 0, 0], [0, 1]);
  assertThrows(
    () => assertBatch("f1", input, { ...input, scores: new Float32Array(5) }),
    TypeError,
    'Cannot compute metric "f1": scores has 5 values, expected 6',
  );
  const multilabel = { ...input, subtask: "multilabel" } as const;
  assertThrows(
    () => assertBatch("f1", multilabel, multilabel),
    TypeError,
    'Cannot compute metric "f1": labels has 2 values, expected 6',
  );
});

Deno.test("assertBatch() throws when the batch belongs to another task", () => {
  const input = batch("multiclass", 3, [0, 0, 0, 0, 0, 0], [0, 1]);
  assertThrows(
    () => assertBatch("f1", taskOf("multilabel", 3), input),
    RangeError,
    'Cannot compute metric "f1": subtask of the batch is "multiclass", expected "multilabel"',
  );
  assertThrows(
    () => assertBatch("f1", taskOf("multiclass", 2), input),
    TypeError,
    'Cannot compute metric "f1": num_classes of the batch is 3, expected 2',
  );
});
