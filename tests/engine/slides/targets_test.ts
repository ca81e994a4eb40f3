import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import type { SlideTable } from "../../../engine/slides/slide_table.ts";
import { labelsOf, targetEncoding, type TargetOptions } from "../../../engine/slides/targets.ts";

/** A table of labels, one list for each column. */
function table(columns: Readonly<Record<string, readonly (string | undefined)[]>>): SlideTable {
  const names = Object.keys(columns);
  const rows = columns[names[0]].map((_, index) => ({
    slide: `s${index}`,
    patient: `p${index}`,
    labels: names.map((name) => columns[name][index]),
    place: `line ${index + 2} of "t.csv"`,
  }));
  return { file: "t.csv", labelColumns: names, hasPatients: true, rows, notices: [] };
}

function encode(labels: SlideTable, options: Partial<TargetOptions> = {}) {
  const encoding = targetEncoding(labels, { task: "Classification", ...options });
  return { ...encoding, targets: labels.rows.map((row) => encoding.encode(row)) };
}

Deno.test("classes are the sorted labels, numbers by their size", () => {
  const texts = encode(table({ label: ["b", "a", undefined, "b"] }));
  assertEquals([texts.names, texts.targets], [["a", "b"], [[1], [0], undefined, [1]]]);
  const numbers = encode(table({ label: ["10", "9", "0", "9"] }));
  assertEquals([numbers.names, numbers.targets], [["0", "9", "10"], [[2], [1], [0], [1]]]);
  assertEquals([numbers.subtask, numbers.numClasses], ["multiclass", 3]);
});

Deno.test("given names say the order, and other labels are refused or left out", () => {
  const labels = table({ label: ["b", "a", "c"] });
  const names = ["b", "a"];
  const { message } = assertThrows(() => encode(labels, { class_names: names }), DataError);
  assertEquals(
    message,
    'Cannot use "t.csv": the label of "s2" (line 4 of "t.csv") is "c", which is not among ' +
      'data.class_names "b", "a"; data.ignore_labels leaves it out',
  );
  const { targets } = encode(labels, { class_names: names, ignore_labels: true });
  assertEquals(targets, [[0], [1], undefined]);
});

Deno.test("several columns are binary targets", () => {
  const labels = table({
    a: ["1", "0.0", "Yes", "positive"],
    b: ["false", "TRUE", "no", undefined],
  });
  const { subtask, names, targets } = encode(labels);
  assertEquals([subtask, names], ["multilabel", ["a", "b"]]);
  assertEquals(targets, [[1, 0], [0, 1], [1, 0], undefined]);
  const wrong = assertThrows(() => encode(table({ a: ["1"], b: ["2"] })), DataError);
  assertEquals(
    wrong.message,
    'Cannot use "t.csv": "b" of "s0" (line 2 of "t.csv") is "2", expected 0 or 1',
  );
});

Deno.test("numbers are targets of a regression", () => {
  const { subtask, numClasses, targets } = encode(table({ age: ["61.5", "-1e3", undefined] }), {
    task: "Regression",
  });
  assertEquals([subtask, numClasses, targets], ["regression", 1, [[61.5], [-1000], undefined]]);
  for (const text of ["old", "1,5", "NaN", "1e999", "0x10"]) {
    const wrong = () => encode(table({ age: [text] }), { task: "Regression" });
    const { message } = assertThrows(wrong, DataError);
    const place = '"age" of "s0" (line 2 of "t.csv")';
    assertEquals(message, `Cannot use "t.csv": ${place} is "${text}", expected a number`);
  }
});

Deno.test("one class is none", () => {
  const { message } = assertThrows(() => encode(table({ label: ["a", "a"] })), DataError);
  assertEquals(message, 'Cannot use "t.csv": column "label" has one class only, "a"');
});

Deno.test("labelsOf() makes classes whole numbers and other targets floats", () => {
  assertEquals(labelsOf([[1], [0]], { subtask: "multiclass", numClasses: 2 }), {
    values: Int32Array.of(1, 0),
    width: 1,
  });
  assertEquals(labelsOf([[1, 0], [0, 1]], { subtask: "multilabel", numClasses: 2 }), {
    values: Float32Array.of(1, 0, 0, 1),
    width: 2,
  });
});
