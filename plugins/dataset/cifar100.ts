/**
 * CIFAR-100: 60,000 images of 32x32 pixels in a hundred (fine) classes.
 * Importing this module adds `cifar100` to the `dataset` slot.
 * @module
 */
import type { DatasetPlugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { CIFAR_IMAGES, type CifarConfig, cifarSchema, openCifar } from "./_cifar.ts";
import type { CifarFacts } from "./_cifar_files.ts";

export type { CifarConfig };

const facts: CifarFacts = {
  name: "CIFAR-100",
  num_classes: 100,
  archive: { name: "cifar-100-python.tar.gz", md5: "eb9058c3a382ffc7106e4002c42a8d85" },
  pickles: {
    folder: "cifar-100-python",
    train: ["train"],
    test: ["test"],
    meta: "meta",
    labelKey: "fine_labels",
    namesKey: "fine_label_names",
    md5: {
      train: "16019d7e3df5f24257cddd939b257f8d",
      test: "f0ef6b0ae62326f3e7ffdfab6717acfc",
      meta: "7973b15100ade9c7d40fb424638fde48",
    },
  },
  binary: {
    folder: "cifar-100-binary",
    train: ["train.bin"],
    test: ["test.bin"],
    meta: "fine_label_names.txt",
    labelBytes: 2,
  },
};

/**
 * Reads the files that torchvision leaves on disk, or the binary version, from `data_root_dir`. The
 * official test images serve as `val` and as `test`. Krizhevsky, "Learning Multiple Layers of
 * Features from Tiny Images", 2009.
 *
 * @example The binary version of a single image, of coarse class 4 and fine class 53
 * ```ts
 * import { cifar100 } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const dataRootDir = await Deno.makeTempDir();
 * const folder = `${dataRootDir}/cifar-100-binary`;
 * await Deno.mkdir(folder);
 * await Deno.writeFile(`${folder}/test.bin`, Uint8Array.of(4, 53, ...new Uint8Array(3072)));
 * const names = Array.from({ length: 100 }, (_, i) => i === 53 ? "orange" : `class ${i}`);
 * await Deno.writeTextFile(`${folder}/fine_label_names.txt`, names.join("\n"));
 *
 * const whole = { channels: 3, size: [32, 32], operations: [] } as const;
 * const context = { dataRootDir, images: { train: whole, eval: whole } };
 * const dataset = await cifar100.create(v.parse(cifar100.config, {}), context);
 * const [label] = (await dataset.open("val"))!.labels.values;
 * assertEquals(dataset.classNames?.[label], "orange");
 * ```
 *
 * @category Datasets
 */
export const cifar100: DatasetPlugin<CifarConfig> = {
  slot: "dataset",
  key: "cifar100",
  description: "CIFAR-100, 100 classes, from torchvision's files or the binary version",
  config: cifarSchema(facts),
  preprocessing: () => CIFAR_IMAGES,
  create: (config, context) => openCifar(facts, config, context),
};

registry.add(cifar100);
