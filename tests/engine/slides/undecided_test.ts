import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { readSplitFile } from "../../../engine/slides/split_file.ts";
import { readSlideTable } from "../../../engine/slides/slide_table.ts";
import { UndecidedError } from "../../../engine/slides/undecided.ts";
import { TemporaryFolder } from "../storage/testdata.ts";

/** Options of a table, those that nobody set as `null`. */
const NONE = {
  ...{ slides_file: null, slide_column: null, patient_column: null, label_columns: null },
  ...{ split_column: null, encoding: null },
};

Deno.test("UndecidedError names the option and what there is to choose from", async () => {
  using folder = new TemporaryFolder();
  const labels_file = `${folder.path}/labels.csv`;
  const tables: [string, string, string[]][] = [
    ["slide_id,tumor,grade\n1,0,low\n", "label_columns", ["tumor", "grade"]],
    ["name,tumor\n1,0\n", "slide_column", ["name", "tumor"]],
  ];
  for (const [text, option, candidates] of tables) {
    Deno.writeTextFileSync(labels_file, text);
    const reading = () => readSlideTable({ ...NONE, labels_file });
    const error = await assertRejects(reading, UndecidedError);
    assertEquals([error.option, error.candidates, error.file], [option, candidates, labels_file]);
    assertEquals(error.name, "DataError");
  }
});

Deno.test("a file of several folds leaves the fold undecided", () => {
  using folder = new TemporaryFolder();
  const path = `${folder.path}/splits.json`;
  const split = { train_patients: ["a"], test_patients: ["b"] };
  Deno.writeTextFileSync(path, JSON.stringify({ splits: [split, split] }));
  for (const file of [path, folder.path]) {
    if (file === folder.path) {
      for (const fold of [0, 1]) Deno.writeTextFileSync(`${file}/splits_${fold}.csv`, ",train\n");
    }
    const reading = () => readSplitFile(file, { fold: () => undefined });
    const { option, candidates } = assertThrows(reading, UndecidedError);
    assertEquals([option, candidates], ["fold", ["0", "1"]]);
  }
});
