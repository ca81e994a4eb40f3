/**
 * CIFAR-10: 60,000 images of 32x32 pixels in ten classes.
 * Importing this module adds `cifar10` to the `dataset` slot.
 * @module
 */
import type { DatasetPlugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { CIFAR_IMAGES, type CifarConfig, cifarSchema, openCifar } from "./_cifar.ts";
import type { CifarFacts } from "./_cifar_files.ts";

export type { CifarConfig };

const BATCHES = [1, 2, 3, 4, 5].map((number) => `data_batch_${number}`);

const facts: CifarFacts = {
  name: "CIFAR-10",
  num_classes: 10,
  archive: { name: "cifar-10-python.tar.gz", md5: "c58f30108f718f92721af3b95e74349a" },
  pickles: {
    folder: "cifar-10-batches-py",
    train: BATCHES,
    test: ["test_batch"],
    meta: "batches.meta",
    labelKey: "labels",
    namesKey: "label_names",
    md5: {
      data_batch_1: "c99cafc152244af753f735de768cd75f",
      data_batch_2: "d4bba439e000b95fd0a9bffe97cbabec",
      data_batch_3: "54ebc095f3ab1f0389bbae665268c751",
      data_batch_4: "634d18415352ddfa80567beed471001a",
      data_batch_5: "482c414d41f54cd18b22e5b47cb7c3cb",
      test_batch: "40351d587109b95175f43aff81a1287e",
      "batches.meta": "5ff9c542aee3614f3951f8cda6e48888",
    },
  },
  binary: {
    folder: "cifar-10-batches-bin",
    train: BATCHES.map((name) => `${name}.bin`),
    test: ["test_batch.bin"],
    meta: "batches.meta.txt",
    labelBytes: 1,
  },
};

/**
 * Reads the files that torchvision leaves on disk, or the binary version, from `data_root_dir`. The
 * official test images serve as `val` and as `test`. Krizhevsky, "Learning Multiple Layers of
 * Features from Tiny Images", 2009.
 *
 * @example The head of a ResNet gets ten classes
 * ```ts
 * import { buildModel, cifar10, configure, timm } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const { parameters } = await buildModel([
 *   configure(cifar10, { download: true, augmentation: { train_policy: "default" } }),
 *   configure(timm, { type: "resnet18", pretrained: false }),
 * ], { sampleShape: [3, 32, 32] }); // nothing is read yet
 * assertEquals(parameters.at(-1)?.shape, [10]);
 * ```
 *
 * @category Datasets
 */
export const cifar10: DatasetPlugin<CifarConfig> = {
  slot: "dataset",
  key: "cifar10",
  description: "CIFAR-10, 10 classes, from torchvision's files or the binary version",
  config: cifarSchema(facts),
  preprocessing: () => CIFAR_IMAGES,
  create: (config, context) => openCifar(facts, config, context),
};

registry.add(cifar10);
