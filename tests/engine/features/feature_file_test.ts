import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import {
  type FeatureFile,
  featureSplit,
  openFeatureFile,
} from "../../../engine/features/feature_file.ts";
import { openSource } from "../../../engine/features/feature_source.ts";
import { loadHdf5Library } from "../../../engine/storage/hdf5/library.ts";
import { H5_FOLDER, KINDS_FOLDER, readManifest, TemporaryFolder } from "../storage/testdata.ts";

const manifest = readManifest();

/** What the message about each bad file must say, apart from the file's name. */
const REASONS: Readonly<Record<string, string>> = {
  "no_labels.h5": 'dataset "labels" is missing',
  "no_features.h5": 'dataset "features" is missing',
  "length_mismatch.h5": 'dataset "features" holds 6 feature rows but 5 labels are given',
  "features_4d.h5": 'dataset "features" has 4 dimensions',
  "features_1d.h5": 'dataset "features" has 1 dimension,',
  "labels_2d.h5": 'dataset "labels" has 2 dimensions',
  "labels_float_fraction.h5": 'dataset "labels" holds labels that are not whole numbers',
  "labels_negative.h5": 'dataset "labels" holds a negative label',
  "labels_string.h5": 'dataset "labels" holds strings',
  "features_string.h5": 'dataset "features" holds strings',
  "features_nan.h5": 'dataset "features", row 2 holds NaN',
  "features_inf.h5": 'dataset "features", row 2 holds Inf',
  "ptr_wrong_length.h5": 'dataset "bag_ptr" has 3 entries, wants 4 (3 labels + 1)',
  "ptr_decreasing.h5": 'dataset "bag_ptr" decreases',
  "ptr_past_end.h5": 'dataset "bag_ptr" ends at 9 but there are 6 feature rows',
  "ptr_not_from_zero.h5": 'dataset "bag_ptr" starts at 1',
  "ptr_short_of_end.h5": 'dataset "bag_ptr" ends at 5 but there are 6 feature rows',
  "empty_bag.h5": "bag 1 empty",
  "lengths_sum_wrong.h5": 'dataset "bag_lengths" sums to 7 but there are 6 feature rows',
  "lengths_negative.h5": 'dataset "bag_lengths" holds a negative length',
  "ptr_lengths_disagree.h5": 'dataset "bag_ptr" and "bag_lengths" disagree',
  "ptr_with_3d.h5": 'holds fixed-size bags but the file also carries "bag_ptr"',
  "zero_rows.h5": 'dataset "features" has no rows',
  "features_is_group.h5": 'dataset "features" is a group',
  "not_hdf5.h5": "not an HDF5 file",
  "empty_file.h5": "it is an empty file",
  "truncated.h5": "it is truncated",
  "corrupt_chunk.h5": 'dataset "features", rows',
};

/** Opens a file and reads every sample of it. */
async function readAll(path: string): Promise<{ file: FeatureFile; features: Float32Array }> {
  const file = await openFeatureFile(path);
  const source = await openSource(featureSplit(file).source.options);
  try {
    const rows = await source.read(Int32Array.from({ length: file.length }, (_, i) => i));
    return { file, features: rows.features };
  } finally {
    source.close();
  }
}

for (const [name, good] of Object.entries(manifest.good)) {
  Deno.test(`openFeatureFile() reads ${name}`, async () => {
    const { file, features } = await readAll(`${H5_FOLDER}/${name}`);
    assertEquals(file.layout, good.layout);
    assertEquals([...file.labels.values], [...good.labels]);
    assertEquals(file.length, good.labels.length);
    assertEquals(features.length, file.instances * file.embedDim);
    assertEquals(file.dtype, good.dtype.replace(">f4", "float32"));
    if (good.shape) {
      assertEquals(file.embedDim, good.shape.at(-1));
      assertEquals(features.length, good.shape.reduce((a, b) => a * b));
    }
    if (good.row3) {
      const row = features.subarray(3 * file.embedDim, 4 * file.embedDim);
      assertEquals(row, Float32Array.from(good.row3));
    }
    if (good.lengths) assertEquals([...(file.bagLengths ?? [])], [...good.lengths]);
    if (good.first_of_bag2 && good.lengths) {
      const at = (good.lengths[0] + good.lengths[1]) * file.embedDim;
      const first = features.subarray(at, at + file.embedDim);
      assertEquals(first, Float32Array.from(good.first_of_bag2));
    }
  });
}

Deno.test("openFeatureFile() has an expectation for every bad file of the manifest", () => {
  assertEquals(Object.keys(REASONS).sort(), Object.keys(manifest.bad).sort());
});

for (const [name, reason] of Object.entries(manifest.bad)) {
  Deno.test(`openFeatureFile() refuses ${name}: ${reason}`, async () => {
    const path = `${H5_FOLDER}/${name}`;
    const error = await assertRejects(() => readAll(path), DataError);
    assertStringIncludes(error.message, `Cannot read "${path}": `);
    assertStringIncludes(error.message, REASONS[name]);
    assertEquals(error.message.split("\n").length, 1);
    assertEquals(error.file, path);
  });
}

Deno.test("openFeatureFile() reads nothing of the features", async () => {
  for (const name of ["features_nan.h5", "features_inf.h5", "corrupt_chunk.h5"]) {
    const file = await openFeatureFile(`${H5_FOLDER}/${name}`);
    assert(file.length > 0);
  }
});

Deno.test("openFeatureFile() takes float labels for regression", async () => {
  const path = `${H5_FOLDER}/labels_float_fraction.h5`;
  const file = await openFeatureFile(path, { labels: "regression" });
  assert(file.labels.values instanceof Float32Array);
  assertEquals(file.labels.width, 1);
  assert(file.labels.values.some((value) => !Number.isInteger(value)));
});

Deno.test("openFeatureFile() takes label columns for multilabel", async () => {
  const path = `${H5_FOLDER}/labels_2d.h5`;
  const file = await openFeatureFile(path, { labels: "regression" });
  assertEquals(file.labels.values.length, file.length * file.labels.width);
  assert(file.labels.width > 1);
});

Deno.test("openFeatureFile() takes other names of the datasets", async () => {
  const path = `${H5_FOLDER}/instance_f32.h5`;
  const file = await openFeatureFile(path, { feature_key: "features", label_key: "labels" });
  assertEquals(file.embedDim, 6);
  const missing = { feature_key: "feats" };
  await assertRejects(
    () => openFeatureFile(path, missing),
    DataError,
    'dataset "feats" is missing',
  );
});

Deno.test("openFeatureFile() tells a missing file and a folder apart", async () => {
  await assertRejects(
    () => openFeatureFile("nowhere.h5"),
    DataError,
    'Cannot read "nowhere.h5": the file does not exist',
  );
  await assertRejects(() => openFeatureFile(H5_FOLDER), DataError, "it is a folder");
});

Deno.test("featureSplit() describes the file for the trainer", async () => {
  const file = await openFeatureFile(`${H5_FOLDER}/bags_ptr.h5`);
  const split = featureSplit(file);
  assertEquals(split.length, 4);
  assertEquals(split.sampleShape, [file.embedDim]);
  assertEquals([...(split.bagLengths ?? [])], [3, 1, 8, 2]);
  const { openSource: open } = await import(split.source.module);
  assertEquals(open, openSource);
  assertEquals(structuredClone(split.source.options), split.source.options);
});

Deno.test("openFeatureFile() answers changed bytes with a DataError or with data", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("changed.h5");
  let seed = 5;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  for (const name of ["bags_ptr_gzip.h5", "instance_f32_gzip_shuffle.h5", "bags_ptr.h5"]) {
    const good = Deno.readFileSync(`${H5_FOLDER}/${name}`);
    for (let round = 0; round < 60; round++) {
      const bytes = good.slice();
      bytes[random(Math.min(bytes.length, 3000))] = random(256);
      Deno.writeFileSync(path, bytes);
      try {
        assert((await readAll(path)).features.length > 0);
      } catch (error) {
        assert(error instanceof DataError, String(error));
        assertEquals(error.message.split("\n").length, 1);
      }
    }
  }
});

Deno.test("openFeatureFile() compares shapes before it believes them", async () => {
  const states: Readonly<Record<string, string>> = {
    labels: '"features" holds 3 feature rows but 17179869184 labels are given',
    targets: '"features" holds 3 feature rows but 1073741824 labels are given',
    wide_targets: 'dataset "labels" has rows of 1073741824 values, more than can be read at once',
    lengths: 'dataset "bag_lengths" has 8589934592 entries but there are 2 labels',
    pointers: 'dataset "bag_ptr" is for 2147483648 bags but there are 3 feature rows',
    rows: 'dataset "labels" declares 4294967296 values, more than ',
    long_bag: 'dataset "bag_ptr" makes bag 0 2147483648 rows long, at most 2147483647',
    large_bag: 'dataset "features" declares 2000000000 values, more than ',
    wide_rows: 'dataset "features" has rows of 8589934592 values, more than can be read at once',
    wide_bags: 'dataset "features" has rows of 17179869184 values, more than can be read at once',
  };
  for (const [name, state] of Object.entries(states)) {
    const path = `${KINDS_FOLDER}/declares_${name}.h5`;
    const labels = name.includes("targets") ? "regression" : "class";
    await assertRejects(() => openFeatureFile(path, { labels }), DataError, state);
  }
});

Deno.test("featureSplit() tells what a file reads from other files, and what it lacks", async () => {
  const open = async (name: string) => {
    const keys = { label_key: "labels", labels: "regression" } as const;
    return featureSplit(await openFeatureFile(`${KINDS_FOLDER}/${name}.h5`, keys));
  };
  const { notices = [] } = await open("features_elsewhere");
  assertEquals(notices.length, 2);
  assertStringIncludes(notices[0], 'features_elsewhere.h5" reads from other files: "part_0.h5"');
  assertStringIncludes(notices[1], "/linked_to_labels.h5");
  const { notices: none } = featureSplit(await openFeatureFile(`${H5_FOLDER}/instance_f32.h5`));
  assertEquals(none, []);
});

Deno.test("openFeatureFile() reads names, patients and classes, and refuses one too few", async () => {
  const folder = await Deno.makeTempDir();
  const write = async (name: string, ids: string[], classes?: string) => {
    const path = `${folder}/${name}.h5`;
    const { h5wasm } = await loadHdf5Library();
    const file = new h5wasm.File(path, "w");
    file.create_dataset({ name: "features", data: new Float32Array(6), shape: [2, 3] });
    file.create_dataset({ name: "labels", data: Int32Array.of(0, 1), shape: [2] });
    file.create_dataset({ name: "sample_ids", data: ids, shape: [ids.length] });
    file.create_dataset({ name: "patient_ids", data: Int32Array.of(7, 8), shape: [2] });
    if (classes !== undefined) file.create_attribute("class_names", classes);
    file.close();
    return path;
  };
  const path = await write("good", ["ä", ""], '["no","yes"]');
  const { ids, patients, classNames, notices } = await openFeatureFile(path);
  assertEquals([ids, patients, classNames], [["ä", ""], undefined, ["no", "yes"]]);
  assertEquals(notices, [`"${path}": dataset "patient_ids" holds no texts and is left out`]);
  for (const classes of ["no, yes", "[1, 2]", '{"a": 1}']) {
    const { classNames } = await openFeatureFile(await write("other", ["a", "b"], classes));
    assertEquals(classNames, undefined, classes);
  }
  const short = await write("short", ["a"]);
  const error = await assertRejects(() => openFeatureFile(short), DataError);
  assertEquals(
    error.message,
    `Cannot read "${short}": dataset "sample_ids" has 1 texts but there are 2 samples`,
  );
  assertEquals(error.dataset, "sample_ids");
  await Deno.remove(folder, { recursive: true });
});
