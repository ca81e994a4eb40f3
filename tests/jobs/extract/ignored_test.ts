/** Fields of a config of extraction that somebody set and nothing uses are told. */
import { assertEquals } from "@std/assert";
import { dirname } from "node:path";
import { extractFeatures } from "../../../jobs/extract/extract.ts";
import { resolveExtractInput } from "../../../jobs/extract/config_input.ts";
import { resolveExtractConfig } from "../../../registry/config/extract.ts";
import { flag } from "../../../registry/config/flag.ts";
import { registry as builtIn } from "../../../registry/registry.ts";
import { extractionRegistry } from "../../_extraction.ts";
import { type Flags, inFolder } from "../../_training.ts";
import { imagePath } from "../../engine/images/_images.ts";

/** The encoder of made-up images, and the built-in datasets and policies. */
function imageRegistry() {
  const registry = extractionRegistry();
  registry.add(builtIn.get("dataset", "generic_image_dataset"));
  registry.add(builtIn.get("policy", "shared_default_2d"));
  return registry;
}

/** Writes `val/<class>/a.png` for two classes, and tables of their labels. */
function writeImages(folder: string): void {
  const image = Deno.readFileSync(imagePath("rgb.png"));
  for (const name of ["cat", "dog"]) {
    const file = `${folder}/images/val/${name}/a.png`;
    Deno.mkdirSync(dirname(file), { recursive: true });
    Deno.writeFileSync(file, image);
  }
  Deno.writeTextFileSync(`${folder}/labels.csv`, "path,label\ncat/a.png,0\ndog/a.png,1\n");
  Deno.writeTextFileSync(`${folder}/splits.json`, '{"val": ["cat/a", "dog/a"]}');
}

async function ignored(folder: string, flags: Flags): Promise<string[]> {
  const all = {
    "data.dataset": "generic_image_dataset",
    "data.data_root_dir": folder,
    "data.num_classes": "2",
    "data.split_source": "subdirs",
    "data.label_source": "folder",
    "data.augmentation.test_policy": "shared_default_2d",
    "model.encoder.encoder_type": "tiny",
    "dataloading.num_workers": "1",
    "split": "val",
    "output_dir": folder,
    ...flags,
  };
  const registry = imageRegistry();
  const words = Object.entries(all).map(([path, value]) => flag(path, value));
  const resolution = resolveExtractConfig({ flags: words }, registry);
  const lines: string[] = [];
  await extractFeatures(resolution.config, {
    ...resolution,
    registry,
    onEvent: (event) => event.type === "notice" && lines.push(event.message),
  });
  return lines.flatMap((line) => {
    const [, paths] = /^ignored: (.*) \(not used by this run\)$/.exec(line) ?? [];
    return paths?.split(", ") ?? [];
  });
}

Deno.test("extractFeatures() tells of options that the chosen layout of a dataset has no use for", async () => {
  await inFolder(async (folder) => {
    writeImages(folder);
    assertEquals(await ignored(folder, {}), []);
    const tables = {
      "data.fold": "1",
      "data.split_file": "folds.json",
      "data.labels_file": "labels.tsv",
      "data.path_column": "file",
      "data.label_column": "class",
      "data.encoding": "gbk",
    };
    assertEquals(await ignored(folder, tables), Object.keys(tables));
    const csv = { "data.label_source": "csv", "data.encoding": "ascii" };
    const columns = { "data.path_column": "path", "data.label_column": "label" };
    assertEquals(await ignored(folder, { ...csv, ...columns, "data.fold": "1" }), ["data.fold"]);
    assertEquals(
      await ignored(folder, {
        ...{ "data.task": "Regression", "data.num_classes": "1", "data.label_source": "csv" },
        "data.class_names": '["a", "b"]',
      }),
      ["data.class_names"],
    );
  });
});

Deno.test("extractFeatures() tells of what only training, or another encoder or policy, uses", async () => {
  await inFolder(async (folder) => {
    writeImages(folder);
    const unused = {
      "method": "avg", // of tokens, which this encoder does not have
      "data.data_fraction": "0.5", // of the training split
      "data.augmentation.train_policy": "default",
      "data.augmentation.cutout_size": "8",
      "data.augmentation.patch_size": "4",
      "data.augmentation.train_kwargs": '{"mean": 1}',
      "model.feature_aggregation_method": "avg",
      "model.head.dropout": "0.5",
    };
    const used = { "data.augmentation.crop_size": "2", "data.augmentation.resize_size": "3" };
    const told = await ignored(folder, { ...unused, ...used, compression: "2", precision: "32" });
    assertEquals(told.sort(), Object.keys(unused).sort());
    assertEquals(
      await ignored(folder, {
        "use_eval_transform_for_train": "false",
        "data.augmentation.train_policy": "default",
        "data.augmentation.train_kwargs": '{"mean": 1}',
      }),
      [],
    );
  });
});

Deno.test("extractFeatures() says nothing of the config that a checkpoint's run had", async () => {
  await inFolder((folder) => {
    const file = `${folder}/run/checkpoints/last.pt`;
    Deno.mkdirSync(dirname(file), { recursive: true });
    Deno.writeTextFileSync(file, "");
    const config = {
      data: { dataset: "made_up", data_fraction: 0.5 },
      model: { encoder: { encoder_type: "tiny" }, head: { dropout: 0.3 } },
      training: { epochs: 3 },
    };
    Deno.writeTextFileSync(`${folder}/run/config.json`, JSON.stringify(config));
    const registry = extractionRegistry();
    const parts = [{ checkpoint_path: file, data: { max_instances: 3 } }];
    const resolution = resolveExtractInput(parts, registry);
    assertEquals(resolution.given, ["checkpoint_path", "data.max_instances"]);
    assertEquals(resolution.notices, []);
    assertEquals(resolveExtractInput(resolution.config, registry).given, []);
    return Promise.resolve();
  });
});

Deno.test("resolveExtractConfig() takes a whole training's config, and names what was set in vain", () => {
  const file = {
    data: { dataset: "made_up" },
    model: { encoder: { encoder_type: "tiny" } },
    training: { epochs: 20, seed: null },
    optimizer: { lr: 0.1 },
    dataloading: { batch_size: 8, eval_batch_size: 16, shuffle_train: true },
    task: { label_smoothing: 0 },
    exp_dir: "./experiments",
  };
  const { config, notices } = resolveExtractConfig({ file }, extractionRegistry());
  assertEquals(config.dataloading, { batch_size: 8, num_workers: null });
  assertEquals(notices, [
    "ignored: dataloading.eval_batch_size, optimizer (not used by this command)",
  ]);
});
