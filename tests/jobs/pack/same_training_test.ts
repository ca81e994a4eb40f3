/** Packed files against the directories that they came from. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { featureSplit, openFeatureFile } from "../../../engine/features/feature_file.ts";
import {
  openSource as openSlideSource,
  SLIDE_SOURCE_URL,
} from "../../../engine/slides/slide_source.ts";
import { TrainedModel } from "../../../jobs/predict/trained_model.ts";
import { createDataset } from "../../../registry/builder/dataset.ts";
import { flag } from "../../../registry/config/flag.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import type { ResolvedConfig } from "../../../registry/config/tree.ts";
import { registry } from "../../../registry/registry.ts";
import { type Flags, inFolder, listenTo } from "../../_training.ts";
import { packInto, PRODUCERS } from "./_slides.ts";

/** The config of a short run of CLAM. */
function configOf(folder: string, data: Flags): ResolvedConfig {
  const flags: Flags = {
    "model.encoder.encoder_type": "precomputed",
    "model.encoder.feature_dim": "32",
    "model.head.head_type": "clam",
    "model.head.size_arg": "tiny",
    "dataloading.batch_size": "4",
    "dataloading.num_workers": "0",
    "optimizer.lr": "0.001",
    "training.epochs": "2",
    "training.seed": "3",
    exp_dir: join(folder, "experiments"),
    ...data,
  };
  const list = Object.entries(flags).map(([path, value]) => flag(path, value));
  return resolveConfig({ flags: list }, registry).config;
}

for (const [producer, flags] of Object.entries(PRODUCERS)) {
  Deno.test(`training on ${producer}'s packed files is training on the directory, bit for bit`, async () => {
    await inFolder(async (folder) => {
      const slides = { "data.dataset": "slide_features", ...flags };
      const { files } = await packInto(folder, flags);
      const pathOf = (name: string) => files.find(({ split }) => split === name)!.file;
      const packed = {
        "data.dataset": "precomputed_features",
        "data.num_classes": "2",
        ...Object.fromEntries(
          files.map(({ split, file }) => [`data.${split}_features_file`, file]),
        ),
      };
      const config = configOf(folder, slides);
      const [one, other] = [
        await listenTo(config),
        await listenTo(configOf(folder, { ...packed, "logger.group": "packed" })),
      ];
      const numbersOf = ({ events, done }: typeof one) => [
        events.flatMap((event) => event.type === "epoch" ? [{ ...event, seconds: 0 }] : []),
        { ...done, directory: "" },
      ];
      assertEquals(numbersOf(other), numbersOf(one));
      assert(one.done.test !== undefined);
      assertEquals(other.directory === one.directory, false);

      const { dataset } = await createDataset({ config, registry });
      const split = (await dataset.open("test"))!;
      assertEquals(split.source.module, SLIDE_SOURCE_URL);
      const source = openSlideSource(split.source.options);
      await using model = await TrainedModel.load(join(one.directory, "checkpoints/last.pt"));
      let index = 0;
      for await (const fromFile of model.predictFile(pathOf("test"), { batchSize: 1 })) {
        const { features, lengths } = await source.read(Int32Array.of(index));
        const [fromSlide] = await model.predict({ features, lengths });
        assertEquals(fromFile, { ...fromSlide, index });
        index++;
      }
      assertEquals(index, featureSplit(await openFeatureFile(pathOf("test"))).length);
      source.close();
    });
  });
}
