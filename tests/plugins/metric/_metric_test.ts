import { assertThrows } from "@std/assert";
import { assertInput } from "../../../plugins/metric/_metric.ts";
import { batch } from "./_cases.ts";

Deno.test("assertInput() accepts classes, zeros and ones, and any real target", () => {
  assertInput("acc", batch("multiclass", 3, [0, 0, 0, 0, 0, 0], [0, 2]));
  assertInput("acc", batch("multilabel", 2, [0, 0, 0, 0], [0, 1, 1, 0]));
  assertInput("mse", batch("regression", 2, [0, 0, 0, 0], [-7.5, Infinity, NaN, 0]));
});

Deno.test("assertInput() throws when a label is outside its range", () => {
  const cases = [
    [batch("multiclass", 3, [0, 0, 0, 0, 0, 0], [0, 3]), "label of sample 1 is 3"],
    [batch("multiclass", 3, [0, 0, 0], [-1]), "label of sample 0 is -1"],
    [batch("multilabel", 2, [0, 0, 0, 0], [0, 1, 0, 2]), "label of sample 1 is 2"],
  ] as const;
  for (const [input, message] of cases) {
    const text = `Cannot compute metric "acc": ${message}, expected an integer from 0 to `;
    assertThrows(() => assertInput("acc", input), RangeError, text);
  }
  const labels = Float32Array.of(0.5);
  const fraction = { ...batch("multiclass", 2, [0, 0], [0]), labels };
  assertThrows(() => assertInput("acc", fraction), RangeError, "label of sample 0 is 0.5");
});

Deno.test("assertInput() throws when scores or labels have the wrong length", () => {
  const input = batch("multiclass", 3, [0, 0, 0, 0, 0, 0], [0, 1]);
  assertThrows(
    () => assertInput("f1", { ...input, scores: new Float32Array(5) }),
    TypeError,
    'Cannot compute metric "f1": scores has 5 values, expected 6',
  );
  assertThrows(
    () => assertInput("f1", { ...input, subtask: "multilabel" }),
    TypeError,
    'Cannot compute metric "f1": labels has 2 values, expected 6',
  );
});
