import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import type { SlideFeaturesConfig } from "../../../plugins/dataset/slide_features.ts";
import { bagValues, PRODUCERS, writeCohort, writeSlide, writeTable } from "../../_slides.ts";
import { TemporaryFolder } from "../../engine/storage/testdata.ts";
import { inspectSlides } from "./_found.ts";

Deno.test("inspect() counts slides and patients of CLAM by class and split", async () => {
  const { root, ...dataset } = PRODUCERS.clam;
  const { problems, table, ...found } = await inspectSlides(root, dataset);
  assertEquals(problems, []);
  assertEquals([found.slides, found.layout, found.dtypes, found.embedDims], [
    ...[40, "bags", ["float32"], [32]],
  ]);
  assertEquals(found.instances, { min: 1, median: 22, max: 52, total: 885 });
  assertEquals(found.scan, { rows: 885, nanRows: 0, infRows: 0 });
  assertEquals(table?.targets.classes, [
    {
      name: "normal",
      all: { samples: 20, patients: 13 },
      train: { samples: 9, patients: 6 },
      val: { samples: 6, patients: 4 },
      test: { samples: 5, patients: 3 },
    },
    {
      name: "tumor",
      all: { samples: 20, patients: 13 },
      train: { samples: 9, patients: 6 },
      val: { samples: 5, patients: 3 },
      test: { samples: 6, patients: 4 },
    },
  ]);
  assertEquals(table?.splits.map(({ leaks }) => leaks), [[]]);
});

Deno.test("inspect() names what tables and files of TRIDENT do not share", async () => {
  const { root, ...dataset } = PRODUCERS.trident;
  const { problems, empty, table } = await inspectSlides(root, dataset, { scan: false });
  assertEquals([problems, empty, table?.withoutFile], [[], ["empty_2d"], ["no_file"]]);
  assertEquals(table?.withoutRow, ["20x_256px_0px_overlap/features_uni_v1/empty_1d.h5"]);
  assertEquals(table?.splits[0].from, 'column "fold_0", val 20% cut by data.split_seed 0');
});

Deno.test("inspect() looks at all folds of STAMP, or at the one that is chosen", async () => {
  const { root, ...dataset } = PRODUCERS.stamp;
  const all = await inspectSlides(root, dataset, { scan: false });
  assertEquals(all.table?.splits.map(({ fold, leaks }) => [fold, leaks]), [
    ...[0, 1, 2, 3].map((fold) => [fold, []]),
  ]);
  assertEquals(all.table?.targets.total.train, undefined);
  assertStringIncludes(all.notices.at(-1)!, "holds 4 folds: training takes one with data.fold");
  const one = await inspectSlides(root, { ...dataset, fold: 2 }, { scan: false });
  assertEquals(one.table?.splits.map(({ fold }) => fold), [undefined]);
  const { train, val, test } = one.table!.targets.total;
  assertEquals([train?.samples, val?.samples, test?.samples], [26, 6, 8]);
});

/** Inspects a cohort of 6 patients that somebody has changed. */
async function inspectChanged(
  change: (folder: string) => Promise<Partial<SlideFeaturesConfig>>,
): Promise<readonly string[]> {
  using folder = new TemporaryFolder();
  const labels_file = await writeCohort(folder.path, 6);
  const dataset = await change(folder.path);
  const { problems } = await inspectSlides(folder.path, { labels_file, ...dataset });
  return problems.map((line) => line.replaceAll(folder.path, "DIR"));
}

/** What is wrong, and how it is named. */
const FAULTS: Readonly<
  Record<string, {
    readonly change: (folder: string) => Promise<Partial<SlideFeaturesConfig>>;
    readonly problems: readonly string[];
  }>
> = {
  "a missing column": {
    change: () => Promise.resolve({ label_columns: ["grade"] }),
    problems: [
      'Cannot read "DIR/labels.csv": it has no column "grade", its columns are "case_id", ' +
      '"slide_id", "label"',
    ],
  },
  "an empty table": {
    change: async (folder) => ({
      labels_file: await writeTable(join(folder, "empty.csv"), "slide_id,label"),
    }),
    problems: ['Cannot use "DIR/empty.csv": it has no rows'],
  },
  "labels that are no classes": {
    change: () => Promise.resolve({ class_names: ["a", "c"] }),
    problems: [1, 1, 3, 3, 5, 5].map((_, at) => {
      const slide = 2 + 4 * Math.floor(at / 2) + at % 2;
      return `Cannot use "DIR/labels.csv": the label of "s${slide}" (line ${slide + 2} of ` +
        `"DIR/labels.csv") is "b", which is not among data.class_names "a", "c"; ` +
        "data.ignore_labels leaves it out";
    }),
  },
  "slides of another width": {
    change: async (folder) => {
      for (const slide of ["s2", "s3"]) await writeSlide(join(folder, `${slide}.h5`), [4, 3]);
      return {};
    },
    problems: ["s2", "s3"].map((slide) =>
      `Cannot use "DIR/${slide}.h5": its features are 3 wide, those of "DIR/s0.h5" 2`
    ),
  },
  "a truncated slide and one with NaN": {
    change: async (folder) => {
      const bytes = await Deno.readFile(join(folder, "s4.h5"));
      await Deno.writeFile(join(folder, "s4.h5"), bytes.subarray(0, 1000));
      const data = bagValues(5, 3).with(3, NaN).with(5, Infinity);
      await writeSlide(join(folder, "s5.h5"), [3, 2], { data: new Float32Array(data) });
      return {};
    },
    problems: [
      'Cannot read "DIR/s4.h5": it is truncated: 1000 bytes are left of 2072',
      'Cannot use "DIR/s5.h5": dataset "features", row 1 holds NaN; 2 of its 3 rows hold NaN or Inf',
    ],
  },
  "a slide with two labels": {
    change: async (folder) => {
      const table = join(folder, "labels.csv");
      await Deno.writeTextFile(table, "p0,s0,b\np1,s1,a\n", { append: true });
      return {};
    },
    problems: [
      'Cannot use "DIR/labels.csv": it gives slide "s0" the labels "a" (line 2 of ' +
      '"DIR/labels.csv") and "b" (line 14 of "DIR/labels.csv")',
      'Cannot use "DIR/labels.csv": it gives slide "s1" the patients "p0" (line 3 of ' +
      '"DIR/labels.csv") and "p1" (line 15 of "DIR/labels.csv")',
    ],
  },
  "patients on two sides, and unknown slides": {
    change: async (folder) => {
      const split_file = join(folder, "splits.json");
      const sides = { train: ["s0", "s2", "nobody"], val: ["s1", "s4"], test: ["s3", "s9", "who"] };
      await Deno.writeTextFile(split_file, JSON.stringify(sides));
      return { split_file };
    },
    problems: [
      'Cannot use "DIR/splits.json": "nobody" (train, train[2]) is not a slide or patient of ' +
      '"DIR/labels.csv"',
      'Cannot use "DIR/splits.json": "who" (test, test[2]) is not a slide or patient of ' +
      '"DIR/labels.csv"',
      'Cannot use "DIR/splits.json": patient "p0" is on two sides, "s0" in train and "s1" in val',
      'Cannot use "DIR/splits.json": patient "p1" is on two sides, "s2" in train and "s3" in test',
    ],
  },
  "a split that is none": {
    change: async (folder) => {
      const table = ["case_id,slide_id,label,split", "p0,s0,a,train", "p2,s4,b,training set"];
      return {
        labels_file: await writeTable(join(folder, "other.csv"), ...table),
        split_column: "split",
      };
    },
    problems: [
      'Cannot use "DIR/other.csv": "split" of "s4" (line 3 of "DIR/other.csv") is "training set", ' +
      "expected train, val or test",
    ],
  },
  "strict use of slides without instances": {
    change: async (folder) => {
      await writeSlide(join(folder, "s1.h5"), [0, 2]);
      return { strict: true };
    },
    problems: ['Cannot use "DIR/labels.csv": 1 slide below "DIR" without instances: "s1"'],
  },
  "too few patients to divide": {
    change: () => Promise.resolve({ val_fraction: 0.5, test_fraction: 0.5 }),
    problems: ["Cannot choose 0.5 and 0.5 of 6 patients: none is left"],
  },
  "nobody to validate on": {
    change: () => Promise.resolve({ val_fraction: 0 }),
    problems: ["Cannot train: the dataset has no val split"],
  },
};

for (const [what, { change, problems }] of Object.entries(FAULTS)) {
  Deno.test(`inspect() names ${what}`, async () => {
    assertEquals(await inspectChanged(change), problems);
  });
}

Deno.test("inspect() divides nothing where the splits cannot be read", async () => {
  using folder = new TemporaryFolder();
  const labels_file = await writeCohort(folder.path, 6);
  const split_file = join(folder.path, "nothing.json");
  const { problems, table } = await inspectSlides(folder.path, { labels_file, split_file });
  assertEquals(problems, [`Cannot read "${split_file}": the file does not exist`]);
  assertEquals(table?.splits[0], {
    from: "none: see the problems",
    counts: { all: { samples: 12, patients: 6 } },
    leaks: [],
  });
});

Deno.test("inspect() still says what files are like where tables cannot be used", async () => {
  using folder = new TemporaryFolder();
  const labels_file = await writeCohort(folder.path, 2);
  const found = await inspectSlides(folder.path, { labels_file, label_columns: ["grade"] });
  assertEquals([found.slides, found.instances?.max, found.table], [4, 3, undefined]);
});

Deno.test("inspect() takes a slide per patient, and does not count patients nobody knows", async () => {
  using folder = new TemporaryFolder();
  const labels_file = await writeCohort(folder.path, 6);
  const patients = await inspectSlides(folder.path, { labels_file, bag_level: "patient" });
  assertEquals(patients.problems, []);
  assertEquals(patients.table?.targets.total.all, { samples: 6, patients: 6 });
  assertEquals([patients.table?.bagLevel, patients.slides], ["patient", 12]);
  assertEquals(patients.instances, { min: 6, median: 6, max: 6, total: 36 });
  const rows = Array.from({ length: 12 }, (_, at) => `s${at},${at % 2 ? "b" : "a"}`);
  const alone = await writeTable(join(folder.path, "alone.csv"), "slide_id,label", ...rows);
  const slides = await inspectSlides(folder.path, { labels_file: alone });
  assertEquals(slides.problems, []);
  assertEquals([slides.table?.hasPatients, slides.table?.targets.total.all], [false, {
    samples: 12,
  }]);
});
