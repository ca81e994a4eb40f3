import "../../../plugins/mod.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import * as v from "valibot";
import { DataError } from "../../../engine/errors.ts";
import type { AugmentationConfig } from "../../../registry/config/augmentation.ts";
import { flag } from "../../../registry/config/flag.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import type { Dataset, SplitName } from "../../../registry/plugin.ts";
import { registry } from "../../../registry/registry.ts";
import { inFolder, listenTo, type Outcome, readRunJson } from "../../_training.ts";
import { type Layout, layoutOf, LAYOUTS, writeLayout } from "./_layouts.ts";

const SMALL = {
  channels: 3,
  size: [8, 8],
  operations: [{ op: "resize", size: [8, 8], interpolation: "bilinear" }],
} as const;

function opened(root: string, { key, options = {} }: Pick<Layout, "key" | "options">): Dataset {
  const plugin = registry.get("dataset", key);
  const images = { train: SMALL, eval: SMALL };
  return plugin.create(v.parse(plugin.config, options), { dataRootDir: root, images }) as Dataset;
}

/** The message of the error that opening the training split ends with. */
async function failure(root: string, layout: Pick<Layout, "key" | "options">): Promise<string> {
  const error = await assertRejects(() => opened(root, layout).open("train"), DataError);
  assert(error.file !== undefined);
  return error.message.replaceAll(root, "ROOT");
}

for (const layout of LAYOUTS) {
  Deno.test(`${layout.key} reads its splits and labels`, async () => {
    await inFolder(async (folder) => {
      await writeLayout(folder, layout);
      const { config } = registry.get("dataset", layout.key);
      const { num_classes, data_fraction, augmentation } = v.parse(config, {}) as {
        readonly num_classes: number;
        readonly data_fraction: number;
        readonly augmentation: AugmentationConfig;
      };
      const { train_policy, test_policy } = augmentation;
      const [train, test, classes] = layout.defaults;
      assertEquals([train_policy, test_policy, num_classes], [train, test, classes]);
      assertEquals(data_fraction, 0.1);

      const dataset = opened(folder, layout);
      const { files, targets } = layout;
      const ranges: [SplitName, number, number][] = [["train", 0, 4], ["val", 4, 6], [
        "test",
        6,
        8,
      ]];
      for (const [name, start, end] of ranges) {
        const split = await dataset.open(name);
        // Without test images, the validation split serves.
        const range = files.length > start ? [start, end] as const : [4, 6] as const;
        const paths = files.slice(...range).map((file) => join(folder, file));
        const labels = new Map(paths.map((path, index) => [path, targets[range[0] + index]]));
        assertEquals([...split!.files!].sort(), paths.toSorted());
        assertEquals([...split!.labels.values], split!.files!.flatMap((file) => labels.get(file)!));
        assertEquals(split!.notices, []);
      }
    });
  });
}

Deno.test("datasets that are only a layout say what is missing, and where that is said", async () => {
  await inFolder(async (folder) => {
    const rxrx1 = layoutOf("rxrx1");
    assertEquals(
      await failure(folder, rxrx1),
      'Cannot read "ROOT/splits.json": the file does not exist',
    );
    await writeLayout(folder, rxrx1);
    Deno.removeSync(join(folder, rxrx1.files[0]));
    assertEquals(
      await failure(folder, rxrx1),
      'Cannot use "ROOT/splits.json": there is no image "HEPG2-01_1_B00_1" of split "train", ' +
        'which is "ROOT/images/HEPG2-01/Plate1/B00_s1.png"',
    );
    const lenient = opened(folder, {
      key: "rxrx1",
      options: { dataset_kwargs: { strict: false } },
    });
    const train = await lenient.open("train");
    assertEquals([train?.length, train?.notices], [
      3,
      [
        '1 image left out of split "train": not there: "HEPG2-01_1_B00_1"',
        `1 of 8 labels of "${
          join(folder, "labels.json")
        }" belong to no image, such as "HEPG2-01_1_B00_1" (entry 0)`,
      ].toReversed(),
    ]);
  });
  await inFolder(async (folder) => {
    const retina = layoutOf("diabetic_retina");
    await writeLayout(folder, retina);
    Deno.writeTextFileSync(join(folder, "trainLabels.csv"), "image,level\ns0,0\ns1,7\n");
    assertEquals(
      await failure(folder, retina),
      'Cannot use "ROOT/trainLabels.csv": "s1.jpeg" has class 7, data.num_classes is 5',
    );
    Deno.writeTextFileSync(join(folder, "trainLabels.csv"), "image,grade\ns0,0\n");
    assertEquals(
      await failure(folder, retina),
      'Cannot read "ROOT/trainLabels.csv": it has no column "level", its columns are "image", "grade"',
    );
  });
});

Deno.test("imagenet wants a folder of every class", async () => {
  await inFolder(async (folder) => {
    const imagenet = layoutOf("imagenet");
    await writeLayout(folder, imagenet);
    assertEquals(
      await failure(folder, { key: "imagenet" }),
      'Cannot use "ROOT": it has 2 classes, "n00", "n01", data.num_classes is 1000',
    );
    Deno.removeSync(join(folder, "train"), { recursive: true });
    assertEquals(
      await failure(folder, imagenet),
      'Cannot open the train split: "ROOT" has no "train", it has "val"',
    );
  });
});

Deno.test("chestxray14 refuses labels that are no findings", async () => {
  await inFolder(async (folder) => {
    const chest = layoutOf("chestxray14");
    const wrong: [unknown, string][] = [
      [3, "[3]"],
      [["Mass", "Flu"], '["Mass","Flu"]'],
      [[1, 0], "[1,0]"],
    ];
    for (const [label, shown] of wrong) {
      await writeLayout(folder, { ...chest, labels: [label, ...chest.labels!.slice(1)] });
      const message = await failure(folder, chest);
      const start =
        `Cannot use "ROOT/labels.json": the label of "s0.png" (entry 0) is ${shown}, expected names ` +
        'out of "Atelectasis", "Cardiomegaly", ';
      assertEquals(message.slice(0, start.length), start);
    }
  });
});

/** One epoch of a tiny ViT on a layout. */
async function trained(
  folder: string,
  key: string,
  flags: Record<string, string>,
): Promise<Outcome> {
  const layout = layoutOf(key);
  await writeLayout(folder, layout);
  const all = {
    "data.dataset": key,
    "data.data_root_dir": folder,
    "data.data_fraction": "None",
    "data.augmentation.image_size": "16",
    "data.augmentation.train_policy": "default_2d_2",
    "data.augmentation.test_policy": "shared_default_2d",
    "model.encoder.type": "test_vit",
    "model.encoder.pretrained": "false",
    "model.encoder.model_kwargs": '{"img_size": 16}',
    "dataloading.batch_size": "2",
    "dataloading.num_workers": "0",
    "training.epochs": "1",
    "training.seed": "1",
    "exp_dir": join(folder, "runs"),
    ...flags,
  };
  const list = Object.entries(all).map(([path, value]) => flag(path, value));
  return await listenTo(resolveConfig({ flags: list }, registry).config);
}

Deno.test("train() fits chestxray14 with any number of findings, and ranks them", async () => {
  await inFolder(async (folder) => {
    const { done, directory } = await trained(folder, "chestxray14", {
      "task.metrics": '["auroc", "ap", "f1"]',
    });
    assertEquals(Object.keys(done.test!), ["test_loss", "test_AUROC", "test_AP", "test_F1"]);
    assert(Number.isFinite(done.test!.test_loss));
    const info = readRunJson<{ class_names: string[] }>(directory, "runtime_info.json");
    assertEquals(info.class_names.slice(0, 2), ["Atelectasis", "Cardiomegaly"]);
  });
});

Deno.test("train() fits pcam, a tenth of it where nobody says otherwise", async () => {
  await inFolder(async (folder) => {
    const { events } = await trained(folder, "pcam", { "data.data_fraction": "0.5" });
    const [run] = events.filter((event) => event.type === "run");
    assertEquals(run.samples, { train: 2, val: 2, test: 2 });
    const notices = events.flatMap((event) => event.type === "notice" ? event.message : []);
    assertEquals(notices, ["training on 2 samples (data.data_fraction 0.5)"]);
  });
});
