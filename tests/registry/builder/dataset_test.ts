import { assertEquals, assertRejects } from "@std/assert";
import { createDataset } from "../../../registry/builder/dataset.ts";
import { imageTransforms } from "../../../registry/builder/images.ts";
import { ConfigError } from "../../../registry/errors.ts";
import type { DatasetContext, Plugin } from "../../../registry/plugin.ts";
import { Registry } from "../../../registry/registry.ts";
import { SLOT_NAMES } from "../../../registry/slots.ts";
import { extractConfig, extractionRegistry } from "../../_extraction.ts";
import type { Flags } from "../../_training.ts";

/** Sources whose dataset keeps what it is created with. */
function sourcesOf(flags: Flags, error?: Error) {
  const contexts: DatasetContext[] = [];
  const registry = new Registry();
  const given = extractionRegistry();
  for (const slot of SLOT_NAMES) {
    for (const key of given.list(slot)) {
      const plugin = given.get(slot, key) as Plugin;
      registry.add(slot === "dataset" ? listening(plugin as Plugin<"dataset">) : plugin);
    }
  }
  function listening(plugin: Plugin<"dataset">): Plugin<"dataset"> {
    return {
      ...plugin,
      create(options, context) {
        contexts.push(context);
        if (error) throw error;
        return plugin.create(options, context);
      },
    };
  }
  return { contexts, sources: { config: extractConfig("out", flags), registry } };
}

Deno.test("createDataset() gives the dataset its place, its fold and its images", async () => {
  const { contexts, sources } = sourcesOf({ "data.data_root_dir": "images", "data.fold": "3" });
  const options = { evalForTrain: true };
  const { dataset, images } = await createDataset(sources, options);
  assertEquals(dataset.numClasses, 3);
  assertEquals(images, imageTransforms(sources, options));
  assertEquals(contexts, [{ dataRootDir: "images", fold: 3, folds: undefined, images }]);
});

Deno.test("createDataset() looks in the working directory, and knows no fold, unless told", async () => {
  const { contexts, sources } = sourcesOf({ "data.augmentation.train_policy": "plain" });
  const { images } = await createDataset(sources);
  assertEquals(contexts, [{ dataRootDir: ".", fold: undefined, folds: undefined, images }]);
});

Deno.test("createDataset() says where the options stand that a dataset does not take", async () => {
  const flags = { "data.augmentation.train_policy": "plain" };
  const { sources } = sourcesOf(flags, new RangeError("too few samples"));
  const { issues } = await assertRejects(() => createDataset(sources), ConfigError);
  assertEquals(issues, [{ path: "data.dataset", message: '"made_up": too few samples' }]);
});
