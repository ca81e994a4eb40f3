import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import type { Split } from "../../../engine/data/data.ts";
import { foldSplits, openTrainSplits } from "../../../registry/builder/splits.ts";
import { ConfigError } from "../../../registry/errors.ts";
import type { Dataset } from "../../../registry/plugin.ts";
import { type Flags, runConfig } from "../../_training.ts";

const files = { folder: "f", train: "train.h5", val: "val.h5", test: "test.h5" };

function split(name: string, length: number, change: Partial<Split> = {}): Split {
  return {
    name,
    length,
    labels: { values: Int32Array.from({ length }, (_, index) => index % 3), width: 1 },
    sampleShape: [4],
    source: { module: "", options: {} },
    ...change,
  };
}

const train = split("train.h5", 31);
const val = split("val.h5", 10);
const test = split("test.h5", 12);

function dataset(splits: Partial<Record<"train" | "val" | "test", Split>>): Dataset {
  return {
    task: "Classification",
    subtask: "multiclass",
    numClasses: 3,
    open: (name) => Promise.resolve(splits[name]),
  };
}

function foldOf(flags: Flags, fold = 0, splits: { test?: Split } = { test }) {
  return foldSplits({ train, val, ...splits }, runConfig(files, flags), { fold, seed: 0 });
}

Deno.test("openSplits() wants splits that fit each other", async () => {
  assertEquals(await openTrainSplits(dataset({ train, val })), { train, val, test: undefined });
  const bags = { bagLengths: new Int32Array(10) };
  const cases: [Parameters<typeof dataset>[0], string][] = [
    [{ train }, "Cannot train: the dataset has no val split"],
    [{ val }, "Cannot train: the dataset has no train split"],
    [
      { train, val: split("val.h5", 10, { sampleShape: [5] }) },
      'Cannot use "val.h5": its features are 5 wide, those of "train.h5" 4',
    ],
    [
      { train, val, test: split("test.h5", 10, bags) },
      'Cannot use "test.h5": it holds bags, "train.h5" no bags',
    ],
    [
      { train, val: split("val.h5", 2, { labels: { values: Int32Array.of(0, 3), width: 1 } }) },
      'Cannot use "val.h5": sample 1 is of class 3, there are 3 classes',
    ],
  ];
  for (const [splits, message] of cases) {
    const error = await assertRejects(() => openTrainSplits(dataset(splits)), DataError);
    assertEquals(error.message, message);
  }
});

Deno.test("foldSplits() takes the splits as they are without cross-validation", () => {
  const fold = foldOf({});
  assertEquals([fold.train.subset, fold.val.subset, fold.test?.subset], [
    undefined,
    undefined,
    undefined,
  ]);
  assertStrictEquals(fold.train.split, train);
  assertStrictEquals(fold.val.split, val);
  assertStrictEquals(fold.test?.split, test);
  assertEquals(foldOf({}, 0, {}).test, undefined);
});

Deno.test("foldSplits() keeps a fraction of the training samples", () => {
  const { subset } = foldOf({ "data.data_fraction": "0.3" }).train;
  assertEquals(subset?.length, 9);
  const classes = [...subset!].map((sample) => train.labels.values[sample]);
  assertEquals([0, 1, 2].map((label) => classes.filter((each) => each === label).length), [
    3,
    3,
    3,
  ]);
});

Deno.test("foldSplits() divides the training samples into parts that are disjoint and whole", () => {
  const flags = { "training.cv_folds": "3" };
  const seen: number[] = [];
  for (const index of [0, 1, 2]) {
    const fold = foldOf(flags, index);
    assertStrictEquals(fold.train.split, train);
    assertStrictEquals(fold.val.split, train);
    assertStrictEquals(fold.test?.split, test);
    const inside = [...fold.val.subset!];
    const outside = [...fold.train.subset!];
    assert(inside.length >= 10 && inside.length <= 11);
    assertEquals([...inside, ...outside].sort((a, b) => a - b), [...Array(31).keys()]);
    seen.push(...inside);
  }
  assertEquals(seen.sort((a, b) => a - b), [...Array(31).keys()]);
  assertStrictEquals(foldOf(flags, 1, {}).test?.split, val);
});

Deno.test("foldSplits() takes a fraction of each fold's training samples", () => {
  const flags = { "training.cv_folds": "3", "data.data_fraction": "0.5" };
  for (const index of [0, 1, 2]) {
    const fold = foldOf(flags, index);
    const chosen = [...fold.train.subset!];
    assertEquals(chosen.length, Math.floor((31 - fold.val.subset!.length) / 2));
    const all = foldOf({ "training.cv_folds": "3" }, index);
    assert(chosen.every((sample) => all.train.subset!.includes(sample)));
    assertEquals(fold.val.subset, all.val.subset);
  }
});

Deno.test("foldSplits() names the field where there are too few samples", () => {
  const error = assertThrows(() => foldOf({ "training.cv_folds": "40" }), ConfigError);
  assertEquals(error.issues[0].path, "training.cv_folds");
});

Deno.test("foldSplits() divides whole patients where the training split knows them", () => {
  const patients = Array.from({ length: 31 }, (_, index) => `p${Math.floor(index / 3)}`);
  for (let seed = 0; seed < 20; seed++) {
    const seen: number[] = [];
    for (const fold of [0, 1, 2]) {
      const splits = { train: { ...train, patients }, val, test };
      const config = runConfig(files, { "training.cv_folds": "3" });
      const parts = foldSplits(splits, config, { fold, seed });
      const inside = new Set(Array.from(parts.val.subset!, (index) => patients[index]));
      assert(parts.train.subset!.every((index) => !inside.has(patients[index])));
      seen.push(...parts.val.subset!);
    }
    assertEquals(seen.sort((a, b) => a - b), [...train.labels.values.keys()]);
  }
});

Deno.test("openTrainSplits() refuses a patient in two splits, unless they are one file", async () => {
  const of = (name: string, ...patients: string[]) => split(name, patients.length, { patients });
  const splits = { train: of("train.h5", "a", "b"), val: of("val.h5", "c", "b") };
  const error = await assertRejects(() => openTrainSplits(dataset(splits)), DataError);
  assertEquals(error.message, 'Cannot use "val.h5": patient "b" is in "train.h5" as well');
  const apart = { train: of("train.h5", "a"), val: of("val.h5", "c"), test: split("test.h5", 2) };
  assertEquals((await openTrainSplits(dataset(apart))).val, apart.val);
  const same = { train: of("all.h5", "a"), val: of("all.h5", "a") };
  assertEquals((await openTrainSplits(dataset(same))).val, same.val);
});
