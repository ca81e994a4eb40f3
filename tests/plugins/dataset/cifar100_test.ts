import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { cifar100 } from "../../../plugins/dataset/cifar100.ts";
import { TemporaryFolder } from "../../engine/storage/testdata.ts";
import { assertHolds, CIFAR_FOLDER, dataset, EXPECTED, UNCHECKED } from "./_cifar.ts";

const NAMES = Array.from({ length: 100 }, (_, i) => `fine ${i}`);

Deno.test("cifar100 reads the pickles with the fine classes", async () => {
  const made = dataset(cifar100, CIFAR_FOLDER, UNCHECKED);
  assertEquals(made.numClasses, 100);
  const train = await made.open("train");
  await assertHolds(train, "train");
  assertEquals(train?.ids, ["train/00000", "train/00001"]);
  assertEquals(train?.name, join(CIFAR_FOLDER, "cifar-100-python", "train"));
  assertEquals(made.classNames, NAMES);
  for (const name of ["val", "test"] as const) await assertHolds(await made.open(name), "test");
});

Deno.test("cifar100 reads the fine class of a binary record, which comes second", async () => {
  using folder = new TemporaryFolder();
  const binary = join(folder.path, "cifar-100-binary");
  Deno.mkdirSync(binary);
  const pixels = Array.from({ length: 3072 }, (_, i) => i % 256);
  Deno.writeFileSync(join(binary, "train.bin"), new Uint8Array([9, 47, ...pixels]));
  Deno.writeFileSync(
    join(binary, "test.bin"),
    new Uint8Array([1, 2, ...pixels, 3, 99, ...pixels.toReversed()]),
  );
  Deno.writeTextFileSync(join(binary, "fine_label_names.txt"), NAMES.join("\n"));
  const made = dataset(cifar100, folder.path);
  assertEquals((await made.open("train"))?.labels.values, Int32Array.of(47));
  const test = await made.open("test");
  assertEquals(test?.labels.values, Int32Array.of(2, 99));
  assertEquals(test?.ids, ["test.bin/00000", "test.bin/00001"]);
});

Deno.test("cifar100 takes only files with the published md5", async () => {
  const error = await assertRejects(() => dataset(cifar100, CIFAR_FOLDER).open("val"), DataError);
  const meta = join(CIFAR_FOLDER, "cifar-100-python", "meta");
  assertEquals(error.file, meta);
  assertEquals(error.message.endsWith("expected 7973b15100ade9c7d40fb424638fde48"), true);
  assertEquals(Object.keys(EXPECTED).length, 8);
});
