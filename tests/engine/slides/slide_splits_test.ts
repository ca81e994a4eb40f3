import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import type { SplitName } from "../../../engine/data/data.ts";
import { DataError } from "../../../engine/errors.ts";
import type { SlideData, SlideSample } from "../../../engine/slides/slide_data.ts";
import {
  divideSlides,
  type FoldChoice,
  type SplitOptions,
} from "../../../engine/slides/slide_splits.ts";
import { leaksOf } from "../../../engine/slides/leaks.ts";
import { inFolder } from "../../_training.ts";

/** Patients of one to three slides, every third of class 1. */
function cohort(patients: number, subtask: "multiclass" | "regression" = "multiclass"): SlideData {
  const samples: SlideSample[] = [];
  for (let patient = 0; patient < patients; patient++) {
    for (let slide = 0; slide <= patient % 3; slide++) {
      const id = `s${samples.length}`;
      const targets = [subtask === "regression" ? patient / 10 : Number(patient % 3 === 0)];
      const where = { parts: [], place: `line ${samples.length + 2}` };
      samples.push({ id, patient: `p${patient}`, slides: [id], targets, ...where });
    }
  }
  const rows = samples.map(({ id, patient, place }) => ({ slide: id, patient, labels: [], place }));
  return {
    root: "root",
    table: { file: "t.csv", labelColumns: ["label"], hasPatients: true, rows, notices: [] },
    encoding: { subtask, numClasses: 2, names: ["a", "b"], encode: () => undefined },
    samples,
    bags: true,
    embedDim: 2,
    dtype: "float32",
    leftOut: { withoutFile: [], withoutLabel: [], ignored: [], empty: [], withoutRow: [] },
    notices: [],
  };
}

const NO_FOLD: FoldChoice = { fold: () => undefined };

/** The split of each sample. */
function sidesOf(data: SlideData, options: SplitOptions = {}, choice = NO_FOLD) {
  const { sides, notices } = divideSlides(data, options, choice);
  const all: (SplitName | undefined)[] = data.samples.map(() => undefined);
  for (const [side, indices] of Object.entries(sides)) {
    for (const index of indices) all[index] = side as SplitName;
  }
  return { sides: all, notices };
}

/** Patients by split. */
function patientsOf({ samples }: SlideData, sides: readonly (SplitName | undefined)[]) {
  const found: Record<SplitName, Set<string>> = {
    train: new Set(),
    val: new Set(),
    test: new Set(),
  };
  sides.forEach((side, index) => side && found[side].add(samples[index].patient));
  return found;
}

async function withFile<T>(name: string, content: unknown, test: (path: string) => T): Promise<T> {
  return await inFolder(async (folder) => {
    const path = join(folder, name);
    const text = typeof content === "string" ? content : JSON.stringify(content);
    await Deno.writeTextFile(path, text);
    return await test(path);
  });
}

/** The refusal of a file of splits. */
async function refusal(data: SlideData, content: unknown, options: SplitOptions = {}) {
  return await withFile("splits.json", content, (path) => {
    const { message } = assertThrows(
      () => divideSlides(data, { split_file: path, ...options }, { fold: () => 0 }),
      DataError,
    );
    return message.replace(path, "splits.json");
  });
}

Deno.test("four folds of patients: none on two sides, classes in proportion, over 50 seeds", () => {
  const data = cohort(60);
  for (let split_seed = 0; split_seed < 50; split_seed++) {
    const tested: string[] = [];
    for (const fold of [0, 1, 2, 3]) {
      const choice = { fold: () => fold, folds: 4 };
      const { sides } = sidesOf(data, { split_seed }, choice);
      assertEquals(leaksOf(data.samples, sides), []);
      assertEquals(sides.includes(undefined), false);
      const { train, val, test } = patientsOf(data, sides);
      tested.push(...test);
      const positive = (patients: ReadonlySet<string>) =>
        [...patients].filter((id) => Number(id.slice(1)) % 3 === 0).length / patients.size;
      for (const part of [train, val, test]) {
        assert(Math.abs(positive(part) - 1 / 3) < 0.12, `seed ${split_seed}: ${positive(part)}`);
      }
      assert(val.size >= 8 && val.size <= 10, `${val.size}`);
    }
    assertEquals(
      tested.sort(),
      data.samples.map(({ patient }) => patient)
        .filter((patient, at, all) => all.indexOf(patient) === at).sort(),
    );
  }
});

Deno.test("without any split, shares of the patients are cut", () => {
  const data = cohort(60);
  const plain = patientsOf(data, sidesOf(data).sides);
  assertEquals([plain.train.size, plain.val.size, plain.test.size], [48, 12, 0]);
  const { sides } = sidesOf(data, { val_fraction: 0.1, test_fraction: 0.25 });
  const { train, val, test } = patientsOf(data, sides);
  assertEquals([train.size, val.size, test.size], [39, 6, 15]);
  assertEquals(leaksOf(data.samples, sides), []);
  assertEquals(sidesOf(data, { split_seed: 1 }).sides, sidesOf(data, { split_seed: 1 }).sides);
  assert(sidesOf(data, { split_seed: 1 }).sides.join() !== sidesOf(data).sides.join());
});

Deno.test("numbers are kept in proportion by quarters", () => {
  const data = cohort(80, "regression");
  const { val } = patientsOf(data, sidesOf(data, { val_fraction: 0.25 }).sides);
  const mean = [...val].reduce((sum, id) => sum + Number(id.slice(1)) / 10, 0) / val.size;
  assert(Math.abs(mean - 3.95) < 0.6, `${mean}`);
});

Deno.test("a file of slides or patients is taken as it is; validation is cut from training", async () => {
  const data = cohort(12);
  const test = ["p0", "s1", "s2.svs"]; // a patient, and the two slides of another one
  const train = Array.from({ length: 9 }, (_, at) => `p${at + 2}`);
  const { sides, notices } = await withFile("s.json", { train, test }, (path) => {
    const found = sidesOf(data, { split_file: path });
    return { ...found, notices: found.notices.map((line) => line.replace(path, "s.json")) };
  });
  const found = patientsOf(data, sides);
  assertEquals([...found.test], ["p0", "p1"]);
  assertEquals([found.val.size, found.train.size], [2, 7]);
  assertEquals(notices, [
    '3 slides are in no split of "s.json" and are left out: "s21", "s22", "s23"',
  ]);
});

Deno.test("with only a test split the others are cut from the rest", async () => {
  const data = cohort(12);
  const { sides } = await withFile(
    "s.json",
    { test: ["p0", "p1"] },
    (path) => sidesOf(data, { split_file: path }),
  );
  const { train, val, test } = patientsOf(data, sides);
  assertEquals([train.size, val.size, test.size], [8, 2, 2]);
});

Deno.test("what a run has written can be given back", async () => {
  const data = cohort(20);
  const before = sidesOf(data, { test_fraction: 0.3 }).sides;
  const written: Record<string, string[]> = { train: [], val: [], test: [] };
  before.forEach((side, index) => written[side!].push(data.samples[index].id));
  const after = await withFile(
    "splits.json",
    written,
    (path) => sidesOf(data, { split_file: path }),
  );
  assertEquals(after, { sides: before, notices: [] });
});

Deno.test("where nothing is trained nothing is cut, and what no split names is told", async () => {
  const data = cohort(6);
  const choice = { ...NO_FOLD, predicts: true };
  assertEquals(sidesOf(data, {}, choice).sides, data.samples.map(() => "test"));
  const { sides, notices } = await withFile("s.json", { test: ["p0", "p1"] }, (path) => {
    const found = sidesOf(data, { split_file: path }, choice);
    return { ...found, notices: found.notices.map((line) => line.replace(path, "s.json")) };
  });
  assertEquals(sides.filter((side) => side === "test").length, 3);
  assertEquals(sides.filter((side) => side === undefined).length, data.samples.length - 3);
  assertEquals(notices.length, 1);
  assertEquals(notices[0].includes('are in no split of "s.json" and are left out'), true);
});

Deno.test("a column says the split, in any usual word", () => {
  const data = cohort(4);
  const words = ["Train", "training", "val", "tune", "TEST", "testing", ""];
  const samples = data.samples.map((sample, at) => ({
    ...sample,
    patient: sample.id,
    ...(words[at] !== "" && { split: words[at] }),
  }));
  const { sides, notices } = sidesOf({ ...data, samples }, { split_column: "split" });
  assertEquals(sides, ["train", "train", "val", "val", "test", "test", undefined]);
  assertEquals(notices, ['1 slides are in no split of column "split" and are left out: "s6"']);
  const wrong = samples.map((sample) => ({ ...sample, split: "held out" }));
  const { message } = assertThrows(
    () => sidesOf({ ...data, samples: wrong }, { split_column: "split" }),
    DataError,
  );
  assertEquals(
    message,
    'Cannot use "t.csv": "split" of "s0" (line 2) is "held out", expected train, val or test',
  );
});

Deno.test("a patient on two sides is named, with a slide on each", async () => {
  const data = cohort(6); // p1 has s1 and s2
  assertEquals(
    await refusal(data, { train: ["s0", "s1"], test: ["s2"] }),
    'Cannot use "splits.json": patient "p1" is on two sides, "s1" in train and "s2" in test',
  );
  assertEquals(
    await refusal(data, { train: ["s1"], val: ["s2"], test: ["s0"] }),
    'Cannot use "splits.json": patient "p1" is on two sides, "s1" in train and "s2" in val',
  );
  const samples = data.samples.map((sample, at) => ({
    ...sample,
    split: at < 2 ? "train" : "test",
  }));
  const { message } = assertThrows(
    () => sidesOf({ ...data, samples }, { split_column: "fold_0" }),
    DataError,
  );
  assertEquals(
    message,
    'Cannot use column "fold_0": patient "p1" is on two sides, "s1" in train and "s2" in test',
  );
});

Deno.test("what a split names must be there, and once", async () => {
  const data = cohort(6);
  assertEquals(
    await refusal(data, { train: ["s0", "s99"] }),
    'Cannot use "splits.json": "s99" (train, train[1]) is not a slide or patient of "t.csv"',
  );
  assertEquals(
    await refusal(data, { train: ["s0"], test: ["p0"] }),
    'Cannot use "splits.json": "s0" is in train (train[0]) and in test (test[0])',
  );
  assertEquals(
    await refusal(data, { splits: [{ train_patients: ["s0"] }] }),
    'Cannot use "splits.json": "s0" (train, splits[0].train_patients[0]) is not a patient of "t.csv"',
  );
});

Deno.test("slides of a split that are left out are noted", async () => {
  const whole = cohort(6);
  const data = { ...whole, samples: whole.samples.slice(1) };
  const notices = await withFile(
    "s.json",
    { train: ["s0", "s1"], val: ["p2"] },
    (path) =>
      sidesOf(data, { split_file: path }).notices.map((line) => line.replace(path, "s.json")),
  );
  assertEquals(notices[0], '1 of the slides in "s.json" cannot be used: "s0"');
});

Deno.test("a cross-validation takes its folds from a file of folds, or makes them", async () => {
  const data = cohort(9);
  const splits = [0, 1].map((fold) => ({
    train_patients: ["p1", "p2", "p3", "p4", "p5"],
    test_patients: [fold === 0 ? "p7" : "p8"],
  }));
  const found = await withFile(
    "splits.json",
    { splits },
    (path) =>
      [0, 1].map((fold) =>
        patientsOf(data, sidesOf(data, { split_file: path }, { fold: () => fold, folds: 2 }).sides)
      ),
  );
  assertEquals(found.map(({ test }) => [...test]), [["p7"], ["p8"]]);
  await withFile("one.json", { train: ["p1"] }, (path) => {
    const run = () => sidesOf(data, { split_file: path }, { fold: () => 0, folds: 2 });
    const { message } = assertThrows(run, RangeError);
    assertEquals(message, `expected one split for each of the 2 folds, "${path}" gives one`);
  });
  const both = () => sidesOf(data, { split_file: "a.json", split_column: "b" });
  assertThrows(both, RangeError, "expected data.split_file or data.split_column, not both");
});
