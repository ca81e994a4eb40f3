import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import * as v from "valibot";
import { DataError } from "../../../engine/errors.ts";
import { genericImageDataset } from "../../../plugins/dataset/generic_image_dataset.ts";
import type { Dataset, DatasetContext } from "../../../registry/plugin.ts";
import { imagePath } from "../../engine/images/_images.ts";
import { inFolder } from "../../_training.ts";

const whole = { channels: 3, size: [4, 4], operations: [] } as const;

/** A dataset with three images of which the last one validates. */
function write(folder: string, labels: string, name = "labels.json"): void {
  for (const image of ["a", "b", "c"]) {
    Deno.copyFileSync(imagePath("rgb.png"), join(folder, `${image}.png`));
  }
  Deno.writeTextFileSync(join(folder, "splits.json"), '{"train": ["a", "b"], "val": ["c"]}');
  Deno.writeTextFileSync(join(folder, name), labels);
}

function opened(
  dataRootDir: string,
  options: Readonly<Record<string, unknown>> = {},
  context: Partial<DatasetContext> = {},
): Dataset {
  const given = { num_classes: 3, subtask: "multilabel", ...options };
  return genericImageDataset.create(v.parse(genericImageDataset.config, given), {
    dataRootDir,
    images: { train: whole, eval: whole },
    ...context,
  }) as Dataset;
}

async function failure(made: Dataset): Promise<string> {
  return (await assertRejects(() => made.open("train"), DataError)).message;
}

Deno.test("generic_image_dataset takes lists of names, and of a 0 or 1 for each class", async () => {
  const wanted = { values: Float32Array.of(1, 0, 1, 0, 0, 0), width: 3 };
  const cases: [string, readonly string[] | undefined, string?][] = [
    ['{"a": ["z", "x"], "b": [], "c": ["y"]}', ["x", "y", "z"]],
    ['{"a": "x|z", "b": [], "c": "y"}', ["x", "y", "z"]],
    ['{"a": [1, 0, 1], "b": [0, 0, 0], "c": [0, 1, 0]}', undefined],
    ['{"a": [true, false, true], "b": [false, false, false], "c": [0, 1, 0]}', undefined],
    ["path,label\na,x | z\nb,[]\nc,y\n", ["x", "y", "z"], "csv"],
    ['path,label\na,"[1, 0, 1]"\nb,"[0, 0, 0]"\nc,"[0, 1, 0]"\n', undefined, "csv"],
  ];
  for (const [labels, names, label_source = "json"] of cases) {
    await inFolder(async (folder) => {
      write(folder, labels, `labels.${label_source}`);
      const made = opened(folder, { label_source });
      const train = await made.open("train");
      assertEquals([made.task, made.subtask, made.numClasses], ["Classification", "multilabel", 3]);
      assertEquals([train!.labels, made.classNames], [wanted, names]);
      assertEquals([...(await made.open("val"))!.labels.values], [0, 1, 0]);
      assertEquals(train!.notices, []);
    });
  }
});

Deno.test("generic_image_dataset takes the order of several labels from class_names", async () => {
  await inFolder(async (folder) => {
    write(folder, '{"a": ["z", "x"], "b": ["z"], "c": []}');
    const made = opened(folder, { class_names: ["z", "y", "x"] });
    assertEquals([...(await made.open("train"))!.labels.values], [1, 0, 1, 1, 0, 0]);
  });
});

Deno.test("generic_image_dataset says which list of labels is wrong", async () => {
  const cases: [string, string, string?][] = [
    [
      '{"a": [1, 0], "b": [0, 0, 0], "c": [0, 0, 1]}',
      'the label of "a" (entry 0) is [1,0], expected a 0 or 1 for each of 3 classes',
    ],
    [
      '{"a": [1, 0, 2], "b": [0, 0, 0], "c": [0, 0, 1]}',
      'the label of "a" (entry 0) is [1,0,2], expected a 0 or 1 for each of 3 classes',
    ],
    [
      '{"a": 2, "b": ["x"], "c": ["y"]}',
      'the label of "a" (entry 0) is [2], expected names out of "x", "y"',
    ],
    [
      '{"a": ["x", {"y": 1}], "b": [], "c": []}',
      'the label of "a" (entry 0) is an object, expected text, a number, true or false',
    ],
    [
      "path,label\na,[1\nb,[]\nc,[]\n",
      'the label of "a" (line 2) is [1, expected text, a number, true or false',
      "csv",
    ],
    ['path,label\na,\nb,"[]"\nc,"[]"\n', 'it has no label of "a.png", the label in line 2', "csv"],
    ['{"a": ["w", "x"], "b": ["y"], "c": ["z"]}', 'it has 4 classes, "w", "x", "y", "z", data.'],
  ];
  for (const [labels, state, label_source = "json"] of cases) {
    await inFolder(async (folder) => {
      write(folder, labels, `labels.${label_source}`);
      const message = await failure(opened(folder, { label_source }));
      const wanted = `Cannot use "${join(folder, `labels.${label_source}`)}": ${state}`;
      assertEquals(message.slice(0, wanted.length), wanted);
    });
  }
});

Deno.test("generic_image_dataset takes one class from folders, not several", async () => {
  await inFolder((folder) => {
    assertThrows(
      () => opened(folder, { label_source: "folder" }),
      RangeError,
      "label_source folder gives one class; for multilabel use json or csv",
    );
    return Promise.resolve();
  });
});

Deno.test("generic_image_dataset goes through the folds of its split file", async () => {
  await inFolder(async (folder) => {
    write(folder, '{"a": [1, 0, 0], "b": [0, 1, 0], "c": [0, 0, 1]}');
    const folds = [["a", "b"], ["b", "c"], ["c", "a"]].map(([one, two], index) => ({
      train: [one, two],
      val: ["cab"[index]],
    }));
    const file = join(folder, "splits.json");
    Deno.writeTextFileSync(file, JSON.stringify(folds));
    for (const fold of [0, 1, 2]) {
      const made = opened(folder, {}, { fold, folds: 3 });
      const [train, val] = [await made.open("train"), await made.open("val")];
      assertEquals(made.folds, 3);
      const ids = folds[fold].train.map((name) => `${name}.png`);
      assertEquals([train!.ids, val!.ids], [ids, [`${folds[fold].val[0]}.png`]]);
      assertEquals(train!.notices, []);
    }
    const two = opened(folder, {}, { fold: 1, folds: 2 });
    assertEquals((await two.open("train"))!.notices, [
      `"${file}" holds 3 folds, training.cv_folds 2 takes the first ones`,
    ]);
    assertEquals(two.folds, 2);
    assertEquals(
      await failure(opened(folder, {}, { fold: 0, folds: 4 })),
      `Cannot use "${file}": it holds the folds 0, 1, 2, training.cv_folds is 4`,
    );
    Deno.writeTextFileSync(file, JSON.stringify(folds[0]));
    const single = opened(folder, {}, { fold: 1, folds: 2 });
    await single.open("train");
    assertEquals(single.folds, undefined); // whoever trains divides the training split
  });
});
