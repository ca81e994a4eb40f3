import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { DataError } from "../../../engine/errors.ts";
import { openSource } from "../../../engine/images/image_source.ts";
import type { Split } from "../../../engine/data/data.ts";
import { genericImageDataset } from "../../../plugins/dataset/generic_image_dataset.ts";
import type { Dataset, SplitName } from "../../../registry/plugin.ts";
import { imagePath } from "../../engine/images/_images.ts";
import { TemporaryFolder } from "../../engine/storage/testdata.ts";

const image = Deno.readFileSync(imagePath("rgb.png"));
const SIZED = {
  channels: 3,
  size: [4, 6],
  operations: [{ op: "resize", size: [4, 6], interpolation: "box" }],
} as const;

/** Writes files: images, or what is given as text or as value of JSON. */
function write(root: string, files: Readonly<Record<string, unknown>>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    Deno.mkdirSync(dirname(path), { recursive: true });
    if (content === true) Deno.writeFileSync(path, image);
    else {Deno.writeTextFileSync(
        path,
        typeof content === "string" ? content : JSON.stringify(content),
      );}
  }
}

/** Names of images that are to be written. */
function images(...names: readonly string[]): Record<string, true> {
  return Object.fromEntries(names.map((name) => [name, true]));
}

/** A dataset with options as a config file gives them. */
function dataset(
  data_root_dir: string,
  options: Readonly<Record<string, unknown>>,
  context: { readonly fold?: number } = {},
): Dataset {
  const config = v.parse(genericImageDataset.config, { num_classes: 2, ...options });
  const transforms = { train: SIZED, eval: SIZED };
  return genericImageDataset.create(config, {
    dataRootDir: data_root_dir,
    images: transforms,
    ...context,
  }) as Dataset;
}

const FOLDERS = { split_source: "subdirs", label_source: "folder" } as const;

function found(split: Split | undefined): Record<string, number> {
  return Object.fromEntries(split?.ids?.map((id, i) => [id, split.labels.values[i]]) ?? []);
}

/** The message of the error that opening a split ends with. */
async function failure(made: Dataset, split: SplitName = "train"): Promise<string> {
  const error = await assertRejects(() => made.open(split), DataError);
  assert(error.file !== undefined);
  return error.message;
}

Deno.test("generic_image_dataset takes splits and classes from folders, at any depth", async () => {
  using folder = new TemporaryFolder();
  write(folder.path, {
    ...images("images/train/dog/b.png", "images/train/dog/a.PNG", "images/train/cat/x/y/z.jpg"),
    ...images("images/val/cat/c.jpeg", "images/test/dog/d.bmp", "images/train/dog/.hidden.png"),
    "images/train/cat/notes.txt": "no image",
  });
  const made = dataset(folder.path, FOLDERS);
  assertEquals([made.task, made.subtask, made.numClasses], ["Classification", "multiclass", 2]);
  const train = await made.open("train");
  assertEquals(train?.name, join(folder.path, "images/train"));
  assertEquals(train?.ids, ["train/cat/x/y/z.jpg", "train/dog/a.PNG", "train/dog/b.png"]);
  assertEquals(train?.labels, { values: Int32Array.of(0, 1, 1), width: 1 });
  assertEquals([train?.length, train?.sampleShape, train?.notices], [3, [3, 4, 6], []]);
  assertEquals(made.classNames, ["cat", "dog"]);
  assertEquals(found(await made.open("val")), { "val/cat/c.jpeg": 0 });
  assertEquals(found(await made.open("test")), { "test/dog/d.bmp": 1 });
});

Deno.test("generic_image_dataset names a source that reads its images", async () => {
  using folder = new TemporaryFolder();
  write(folder.path, images("images/train/dog/b.png", "images/train/cat/a.png"));
  const train = await dataset(folder.path, FOLDERS).open("train");
  const source = await openSource(structuredClone(train?.source.options));
  const { features } = await source.read(Int32Array.of(1));
  source.close();
  assertEquals(features.length, 3 * 4 * 6);
  assert(features.every((value) => value >= 0 && value <= 1));
});

Deno.test("generic_image_dataset looks in the root if there is no folder of images", async () => {
  using folder = new TemporaryFolder();
  write(folder.path, images("train/dog/b.png", "train/cat/a.png"));
  const made = dataset(folder.path, FOLDERS);
  assertEquals(found(await made.open("train")), { "train/cat/a.png": 0, "train/dog/b.png": 1 });
  assertEquals(
    await failure(dataset(folder.path, { ...FOLDERS, images_dir: "photos" })),
    `Cannot read "${join(folder.path, "photos")}": the folder does not exist`,
  );
});

Deno.test("generic_image_dataset counts classes of all splits, also without images", async () => {
  using folder = new TemporaryFolder();
  write(folder.path, images("images/train/b/1.png", "images/val/c/1.png"));
  Deno.mkdirSync(join(folder.path, "images/test/a"), { recursive: true });
  const made = dataset(folder.path, { ...FOLDERS, num_classes: 4 });
  assertEquals(found(await made.open("train")), { "train/b/1.png": 1 });
  assertEquals(found(await made.open("val")), { "val/c/1.png": 2 });
  assertEquals(made.classNames, undefined); // three names for four classes
});

Deno.test("generic_image_dataset takes the order of classes from class_names", async () => {
  using folder = new TemporaryFolder();
  write(folder.path, images("images/train/dog/1.png", "images/train/cat/1.png"));
  const made = dataset(folder.path, { ...FOLDERS, class_names: ["dog", "cat"] });
  assertEquals(found(await made.open("train")), { "train/cat/1.png": 1, "train/dog/1.png": 0 });
  assertEquals(made.classNames, ["dog", "cat"]);
  assertEquals(
    await failure(dataset(folder.path, { ...FOLDERS, class_names: ["dog", "bird"] })),
    `Cannot use "${
      join(folder.path, "images/train/cat/1.png")
    }": its folder "cat" is not a class, ` +
      'the classes are "dog", "bird"',
  );
});

Deno.test("generic_image_dataset takes splits and labels from JSON, by any path", async () => {
  using folder = new TemporaryFolder();
  write(folder.path, {
    ...images("images/a.png", "images/deep/b.jpg", "images/val/c.png", "other/d.tif"),
    ...images("images/with.dot.png"),
    "splits.json": {
      train: ["a.png", "deep/b", "with.dot"],
      val: ["c.png", join(folder.path, "other/d.tif")],
    },
    "labels.json": { "images/a.png": 1, "b": 0, "with.dot.png": "1", "c": 1, "d.tif": 0 },
  });
  const made = dataset(folder.path, {});
  const train = await made.open("train");
  assertEquals(found(train), { "a.png": 1, "deep/b.jpg": 0, "with.dot.png": 1 });
  assertEquals(train?.name, join(folder.path, "splits.json"));
  assertEquals(found(await made.open("val")), { "val/c.png": 1, "other/d.tif": 0 });
  assertEquals(made.classNames, undefined);
});

Deno.test("generic_image_dataset takes names as labels, sorted or as class_names has them", async () => {
  using folder = new TemporaryFolder();
  write(folder.path, {
    ...images("images/a.png", "images/b.png"),
    "splits.json": { train: ["a.png"], val: ["b.png"] },
    "labels.json": { "a.png": "tumor", "b.png": "normal" },
  });
  const sorted = dataset(folder.path, {});
  assertEquals(found(await sorted.open("train")), { "a.png": 1 });
  assertEquals(sorted.classNames, ["normal", "tumor"]);
  const given = dataset(folder.path, { class_names: ["tumor", "normal"] });
  assertEquals(found(await given.open("train")), { "a.png": 0 });
  assertEquals(
    await failure(dataset(folder.path, { class_names: ["normal", "tumour"] })),
    `Cannot use "${join(folder.path, "labels.json")}": the label of "a.png" (entry 0) is ` +
      '"tumor", expected one of "normal", "tumour"',
  );
});

Deno.test("generic_image_dataset takes folders as classes of listed images", async () => {
  using folder = new TemporaryFolder();
  write(folder.path, {
    ...images("images/cat/1.png", "images/dog/1.png", "images/train/dog/2.png"),
    "splits.json": { train: ["cat/1.png", "train/dog/2.png"], val: ["dog/1.png"] },
  });
  const made = dataset(folder.path, { label_source: "folder" });
  assertEquals(found(await made.open("train")), { "cat/1.png": 0, "train/dog/2.png": 1 });
  assertEquals(found(await made.open("val")), { "dog/1.png": 1 });
});

Deno.test("generic_image_dataset reads CSV: quotes, other columns, a byte order mark", async () => {
  using folder = new TemporaryFolder();
  write(folder.path, {
    ...images("images/train/a, b.png", "images/train/c.png", "images/val/d.png"),
    "labels.csv":
      '\ufeffid,class,file\r\n1,"x ""y""","train/a, b.png"\r\n\r\n2,z,c.png\r\n3,z,d\r\n',
    "labels.tsv": "path\tlabel\ntrain/a, b.png\t1\nc\t0\nd\t0\n",
  });
  const options = { split_source: "subdirs", label_source: "csv" };
  const columns = { path_column: "file", label_column: "class" };
  const made = dataset(folder.path, { ...options, ...columns });
  assertEquals(found(await made.open("train")), { "train/a, b.png": 0, "train/c.png": 1 });
  assertEquals(made.classNames, ['x "y"', "z"]);
  const tabs = dataset(folder.path, { ...options, labels_file: "labels.tsv" });
  assertEquals(found(await tabs.open("train")), { "train/a, b.png": 1, "train/c.png": 0 });
  const file = join(folder.path, "labels.csv");
  assertEquals(
    await failure(dataset(folder.path, { ...options, path_column: "file" })),
    `Cannot read "${file}": it has no column "label", its columns are "id", "class", "file"`,
  );
});

Deno.test("generic_image_dataset reads values for regression", async () => {
  using folder = new TemporaryFolder();
  write(folder.path, {
    ...images("images/train/a.png", "images/train/b.png"),
    "labels.json": { "a.png": -1.5, "b.png": "2e3" },
    "bad.json": { "a.png": "tall", "b.png": 2 },
  });
  const options = { num_classes: 1, task: "Regression", split_source: "subdirs" };
  const made = dataset(folder.path, options);
  assertEquals([made.task, made.subtask], ["Regression", "regression"]);
  const train = await made.open("train");
  assertEquals(train?.labels, { values: Float32Array.of(-1.5, 2000), width: 1 });
  assertEquals(
    await failure(dataset(folder.path, { ...options, labels_file: "bad.json" })),
    `Cannot use "${join(folder.path, "bad.json")}": the label of "a.png" (entry 0) is ` +
      '"tall", expected a number',
  );
  assertThrows(
    () => dataset(folder.path, { ...options, num_classes: 2 }),
    RangeError,
    "regression predicts 1 value, data.num_classes is 2",
  );
  assertThrows(
    () => dataset(folder.path, { ...options, label_source: "folder" }),
    RangeError,
    "label_source folder gives classes; for regression use json or csv",
  );
});

Deno.test("generic_image_dataset chooses a fold of a file with several", async () => {
  using folder = new TemporaryFolder();
  const folds = [{ train: ["a"], val: ["b"] }, { train: ["b"], val: ["a"] }];
  write(folder.path, {
    ...images("images/a.png", "images/b.png"),
    "list.json": folds,
    "keyed.json": { "0": folds[0], "1": folds[1] },
    "labels.json": { a: 0, b: 1 },
  });
  for (const split_file of ["list.json", "keyed.json"]) {
    const second = dataset(folder.path, { split_file }, { fold: 1 });
    assertEquals(found(await second.open("train")), { "b.png": 1 });
    assertEquals(found(await second.open("val")), { "a.png": 0 });
    const file = join(folder.path, split_file);
    assertEquals(
      await failure(dataset(folder.path, { split_file })),
      `Cannot use "${file}": it holds the folds 0, 1, choose one with data.fold, or train on all ` +
        "with training.cv_folds 2",
    );
    assertEquals(
      await failure(dataset(folder.path, { split_file }, { fold: 2 })),
      `Cannot use "${file}": it has no fold 2, its folds are 0, 1`,
    );
  }
});

Deno.test("generic_image_dataset tests on the validation split where there is no other", async () => {
  using folder = new TemporaryFolder();
  write(folder.path, images("images/fit/cat/1.png", "images/check/dog/2.png"));
  const names = { train_split_name: "fit", val_split_name: "check" };
  const made = dataset(folder.path, { ...FOLDERS, ...names });
  assertEquals(found(await made.open("test")), { "check/dog/2.png": 1 });
  assertEquals(
    await failure(dataset(folder.path, FOLDERS)),
    `Cannot open the train split: "${join(folder.path, "images")}" has no "train", ` +
      'it has "check", "fit"',
  );
});

Deno.test("generic_image_dataset leaves out what is missing if it is not strict", async () => {
  using folder = new TemporaryFolder();
  write(folder.path, {
    ...images("images/a.png", "images/b.png", "images/c.png"),
    "splits.json": { train: ["a", "no", "b", "nor"], val: ["c", "a"] },
    "labels.json": { a: 0, c: 1, b: null },
  });
  const made = dataset(folder.path, { strict: false });
  const train = await made.open("train");
  assertEquals(found(train), { "a.png": 0 });
  const labels = join(folder.path, "labels.json");
  assertEquals(train?.notices, [
    '2 images left out of split "train": not there: "no", "nor"',
    `1 image left out of split "train": "${labels}" has no label: "b.png"`,
  ]);
  assertEquals((await made.open("val"))?.notices, [
    'split "val" shares 1 image with split "train"',
  ]);
  const strict = dataset(folder.path, {});
  assertEquals(
    await failure(strict),
    `Cannot use "${join(folder.path, "splits.json")}": there is no image "no" of split "train"`,
  );
  write(folder.path, { "splits.json": { train: ["a", "b"] } });
  assertEquals(
    await failure(dataset(folder.path, {})),
    `Cannot use "${labels}": it has no label of "b.png", the label in entry 2 is empty`,
  );
});

Deno.test("generic_image_dataset says what is wrong with splits", async () => {
  using folder = new TemporaryFolder();
  const splits = join(folder.path, "splits.json");
  write(folder.path, { ...images("images/a.png", "images/a.jpg"), "labels.json": { a: 0 } });
  const cases: readonly (readonly [unknown, string])[] = [
    ["{ train", "it is not JSON: "],
    [3, "it is not an object with lists of images"],
    [{ val: [] }, 'has no "train", it has "val"'],
    [{ train: "a.png" }, 'split "train" is not a list of images'],
    [
      { train: [] },
      'split "train" has no images (.jpg .jpeg .png .bmp .tif .tiff .webp) with labels',
    ],
    [{ train: ["a.png", "images/a.png"] }, 'split "train" holds "images/a.png" twice'],
    [
      { train: ["a"] },
      `"a" of split "train" may be "${join(folder.path, "images/a.jpg")}", ` +
      `"${join(folder.path, "images/a.png")}"`,
    ],
  ];
  assertEquals(
    await failure(dataset(folder.path, {})),
    `Cannot read "${splits}": the file does not exist`,
  );
  for (const [content, state] of cases) {
    write(folder.path, { "splits.json": content });
    const message = await failure(dataset(folder.path, {}));
    assert(message.includes(`"${splits}"`) && message.includes(state), message);
    assert(!message.includes("\n"));
  }
});

Deno.test("generic_image_dataset says what is wrong with labels", async () => {
  using folder = new TemporaryFolder();
  const { path } = folder;
  write(path, {
    ...images("images/train/a.png", "images/train/b.png"),
    "five.json": { a: 5, b: 0 },
    "minus.json": { a: -1, b: 0 },
    "many.json": { a: "x", b: "y", c: "z" },
    "list.json": ["a"],
    "twice.csv": "path,label\na,0\na,1\nb,1\n",
    "ragged.csv": "path,label\na,0,7\n",
  });
  const cases: readonly (readonly [string, string])[] = [
    ["no.json", "the file does not exist"],
    ["five.json", '"train/a.png" has class 5, data.num_classes is 2'],
    ["minus.json", 'the label of "a" (entry 0) is -1, expected a class'],
    ["many.json", 'it has 3 classes, "x", "y", "z", data.num_classes is 2'],
    ["list.json", "it is not an object of labels by path"],
    ["twice.csv", 'it gives "a" the labels "0" (line 2) and "1" (line 3)'],
    ["ragged.csv", "line 2 has 3 cells, the first line names 2 columns"],
  ];
  for (const [labels_file, state] of cases) {
    const label_source = labels_file.endsWith("csv") ? "csv" : "json";
    const made = dataset(path, { split_source: "subdirs", label_source, labels_file });
    const message = await failure(made);
    const verb = /no.json|ragged/.test(labels_file) ? "read" : "use";
    const start = `Cannot ${verb} "${join(path, labels_file)}": ${state}`;
    assertEquals(message.slice(0, start.length), start);
  }
});

Deno.test("generic_image_dataset says what is wrong with folders of classes", async () => {
  using folder = new TemporaryFolder();
  const { path } = folder;
  write(path, images("images/train/a/1.png", "images/train/b/1.png", "images/val/c/1.png"));
  const imagesDir = join(path, "images");
  assertEquals(
    await failure(dataset(path, FOLDERS)),
    `Cannot use "${imagesDir}": it has 3 classes, "a", "b", "c", data.num_classes is 2`,
  );
  write(path, images("images/train/1.png"));
  assertEquals(
    await failure(dataset(path, { ...FOLDERS, num_classes: 3 })),
    `Cannot use "${
      join(imagesDir, "train/1.png")
    }": it is in no folder of a class below "${imagesDir}"`,
  );
  Deno.mkdirSync(join(imagesDir, "test"));
  assertEquals(
    await failure(dataset(path, { ...FOLDERS, num_classes: 3 }), "test"),
    `Cannot use "${join(imagesDir, "test")}": split "test" has no images ` +
      "(.jpg .jpeg .png .bmp .tif .tiff .webp) with labels",
  );
});

Deno.test("generic_image_dataset follows links to folders, and not in circles", async () => {
  using folder = new TemporaryFolder();
  const { path } = folder;
  write(path, images("store/1.png", "images/train/cat/2.png"));
  Deno.symlinkSync(join(path, "store"), join(path, "images/train/dog"));
  Deno.symlinkSync(join(path, "images/train"), join(path, "images/train/cat/loop"));
  const train = await dataset(path, FOLDERS).open("train");
  assertEquals(found(train), { "train/cat/2.png": 0, "train/dog/1.png": 1 });
});

Deno.test("generic_image_dataset takes only names that end as allowed_exts says", async () => {
  using folder = new TemporaryFolder();
  write(folder.path, images("images/train/cat/1.png", "images/train/cat/1.webp"));
  const made = dataset(folder.path, { ...FOLDERS, allowed_exts: [".webp"] });
  assertEquals(found(await made.open("train")), { "train/cat/1.webp": 0 });
});

Deno.test("generic_image_dataset takes the size of the first image where none is wanted", async () => {
  using folder = new TemporaryFolder();
  write(folder.path, images("images/train/cat/1.png"));
  const config = v.parse(genericImageDataset.config, { num_classes: 1, ...FOLDERS });
  const own = { channels: 1, operations: [] } as const;
  const context = { dataRootDir: folder.path, images: { train: own, eval: own } };
  const made = await genericImageDataset.create(config, context);
  const train = await made.open("train");
  assertEquals(train?.sampleShape, [1, 18, 24]);
});

Deno.test("generic_image_dataset checks its options", () => {
  const config = v.parse(genericImageDataset.config, { num_classes: 2 });
  assertThrows(
    () => genericImageDataset.create(config, { dataRootDir: "." }),
    RangeError,
    "it holds images, the encoder takes none",
  );
  assertThrows(
    () => dataset(".", { class_names: ["a", "b", "c"] }),
    RangeError,
    "data.class_names are 3, data.num_classes is 2",
  );
  assertEquals(config.augmentation.test_policy, "shared_default_2d");
  assertEquals(config.augmentation.train_policy, "default_2d_2");
});
