import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import * as v from "valibot";
import { DataError } from "../../../engine/errors.ts";
import { FeatureWriter } from "../../../engine/features/feature_writer.ts";
import { precomputedFeatures } from "../../../plugins/dataset/precomputed_features.ts";
import type { Dataset as Plugged } from "../../../registry/plugin.ts";
import { type Dataset, inFolder, writeHdf5 } from "../../_training.ts";

/** The dataset of some options, with the schema's defaults. */
function dataset(options: Record<string, unknown>): Plugged {
  const full = v.parse(precomputedFeatures.config, {
    num_classes: 3,
    train_features_file: "train.h5",
    val_features_file: "val.h5",
    ...options,
  });
  return precomputedFeatures.create(full, { dataRootDir: "elsewhere" }) as Plugged;
}

const features: Dataset = { data: new Float32Array(12), shape: [4, 3] };

function labels(...values: number[]): Dataset {
  return { data: Int32Array.from(values), shape: [values.length] };
}

Deno.test("precomputed_features opens one file per split, and no test split without a file", async () => {
  await inFolder(async (folder) => {
    const train = await writeHdf5(join(folder, "a.h5"), { features, labels: labels(0, 1, 2, 0) });
    const made = dataset({ train_features_file: train });
    assertEquals([made.task, made.subtask, made.numClasses], ["Classification", "multiclass", 3]);
    const split = await made.open("train");
    assertEquals([split?.name, split?.length, split?.sampleShape], [train, 4, [3]]);
    assertEquals(split?.labels, { values: Int32Array.of(0, 1, 2, 0), width: 1 });
    assertEquals(split?.bagLengths, undefined);
    assertEquals(await made.open("test"), undefined);
    const error = await assertRejects(() => made.open("val"), DataError);
    assertEquals(error.message, 'Cannot read "val.h5": the file does not exist');
  });
});

Deno.test("precomputed_features reads datasets under other names", async () => {
  await inFolder(async (folder) => {
    const train_features_file = await writeHdf5(join(folder, "a.h5"), {
      x: features,
      y: labels(0, 2),
      starts: labels(0, 3, 4),
    });
    const dataset_kwargs = { feature_key: "x", label_key: "y", bag_ptr_key: "starts" };
    const split = await dataset({ train_features_file, dataset_kwargs }).open("train");
    assertEquals([split?.length, split?.bagLengths], [2, Int32Array.of(3, 1)]);
  });
});

Deno.test("precomputed_features knows targets of all kinds", async () => {
  await inFolder(async (folder) => {
    const targets: Dataset = { data: Float32Array.of(0, 1, 1, 0, 0, 0, 1, 1), shape: [4, 2] };
    const column: Dataset = { data: Float64Array.of(0.5, -1, 2, 3), shape: [4] };
    const many = await writeHdf5(join(folder, "many.h5"), { features, labels: targets });
    const real = await writeHdf5(join(folder, "real.h5"), { features, labels: column });
    const multilabel = dataset({
      subtask: "multilabel",
      num_classes: 2,
      train_features_file: many,
    });
    assertEquals((await multilabel.open("train"))?.labels, { values: targets.data, width: 2 });
    for (const options of [{ task: "Regression" }, { subtask: "regression" }]) {
      const made = dataset({ ...options, num_classes: 1, train_features_file: real });
      assertEquals([made.task, made.subtask], ["Regression", "regression"]);
      const split = await made.open("train");
      assertEquals(split?.labels, { values: Float32Array.of(0.5, -1, 2, 3), width: 1 });
    }
  });
});

Deno.test("precomputed_features names file, dataset and index of targets that do not fit", async () => {
  await inFolder(async (folder) => {
    const file = await writeHdf5(join(folder, "a.h5"), { features, labels: labels(0, 1, 5, 9) });
    const few = await assertRejects(
      () => dataset({ train_features_file: file }).open("train"),
      DataError,
    );
    assertEquals(
      few.message,
      `Cannot use "${file}": dataset "labels" holds class 5 at 2, data.num_classes is 3`,
    );
    assertEquals([few.file, few.dataset, few.index], [file, "labels", 2]);
    const wide = dataset({ task: "Regression", num_classes: 2, train_features_file: file });
    const error = await assertRejects(() => wide.open("train"), DataError);
    assertEquals(
      error.message,
      `Cannot use "${file}": dataset "labels" has 1 target per sample, data.num_classes is 2`,
    );
  });
});

/** Writes two samples, with names of their classes. */
async function named(path: string, classes: readonly string[]): Promise<string> {
  const writer = await FeatureWriter.create(path, { embedDim: 3 });
  writer.append(new Float32Array(6), [0, 1], ["a", "b"], ["p", "q"]);
  writer.attribute("class_names", JSON.stringify(classes));
  writer.close();
  return path;
}

Deno.test("precomputed_features reads names of samples, patients and classes", async () => {
  await inFolder(async (folder) => {
    const train_features_file = await named(join(folder, "a.h5"), ["x", "y"]);
    const val_features_file = await named(join(folder, "b.h5"), ["y", "x"]);
    const options = { train_features_file, val_features_file };
    const made = dataset({ num_classes: 2, ...options });
    const split = await made.open("train");
    assertEquals([split?.ids, split?.patients], [["a", "b"], ["p", "q"]]);
    assertEquals(made.classNames, ["x", "y"]);
    const error = await assertRejects(() => made.open("val"), DataError);
    assertEquals(
      error.message,
      `Cannot use "${val_features_file}": its classes are "y", "x", those of ` +
        `"${train_features_file}" "x", "y"`,
    );
    const other = dataset({ num_classes: 3, ...options });
    assertEquals((await other.open("train"))?.notices, [
      `"${train_features_file}": its 2 class_names are not used, data.num_classes is 3`,
    ]);
    assertEquals(other.classNames, undefined);
    const numbers = dataset({ num_classes: 1, task: "Regression", ...options });
    assertEquals((await numbers.open("train"))?.notices, []);
  });
});
