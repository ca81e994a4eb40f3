/**
 * A dataset of made-up images and a small encoder, for tests that extract features.
 * @module
 */
import "../plugins/mod.ts";
import * as v from "valibot";
import { DataError } from "../engine/errors.ts";
import { reshape } from "../engine/ir/layout.ts";
import { normal } from "../engine/nn/initializers.ts";
import { linear } from "../engine/nn/scope.ts";
import type { Rows, SkippedSample, Source, Split } from "../engine/data/data.ts";
import { extractFeatures, type ExtractOptions } from "../jobs/extract/extract.ts";
import type { ExtractedFile, ExtractEvent } from "../jobs/extract/events.ts";
import { augmentationSchema } from "../registry/config/augmentation.ts";
import { type ExtractConfig, resolveExtractConfig } from "../registry/config/extract.ts";
import { flag } from "../registry/config/flag.ts";
import type { Dataset, EncoderPlugin, Plugin } from "../registry/plugin.ts";
import { Registry, registry as builtIn } from "../registry/registry.ts";
import type { Flags } from "./_training.ts";

/** Shape of a made-up image. */
export const SHAPE = [3, 2, 2] as const;
const SIZE = 12;
/** Width of the features. */
export const WIDTH = 5;

interface ImageOptions {
  readonly broken: readonly number[];
  readonly strict: boolean;
}

/** Environment variable that names the image which is never read, for processes that are killed. */
export const HOLD_AT = "GLOVITA_TEST_HOLD_AT";

/** Reads image i as 12 numbers that depend on i. */
export function openSource({ broken, strict }: ImageOptions): Source {
  const end = Number(Deno.env.get(HOLD_AT) ?? Infinity);
  return {
    read(indices): Rows | Promise<Rows> {
      if (indices.some((index) => index >= end)) return new Promise(() => {});
      const skipped: SkippedSample[] = [];
      const kept = [...indices].filter((index, position) => {
        if (!broken.includes(index)) return true;
        const reason = `Cannot read "image ${index}": it is broken`;
        if (strict) throw new DataError(reason, { file: `image ${index}`, index });
        skipped.push({ position, reason });
        return false;
      });
      const features = Float32Array.from(
        { length: kept.length * SIZE },
        (_, i) => Math.sin(kept[Math.floor(i / SIZE)] * 31 + i % SIZE),
      );
      return { features, ...(skipped.length > 0 && { skipped }) };
    },
    close() {},
  };
}

const datasetConfig = v.strictObject({
  num_classes: v.optional(v.number(), 3),
  length: v.optional(v.number(), 22),
  broken: v.optional(v.array(v.number()), []),
  strict: v.optional(v.boolean(), true),
  regression: v.optional(v.boolean(), false),
  files: v.optional(v.array(v.string()), []),
  augmentation: augmentationSchema({ train_policy: "shaky", test_policy: "plain" }),
});

const images: Plugin<"dataset", v.InferOutput<typeof datasetConfig>> = {
  slot: "dataset",
  key: "made_up",
  description: "made-up images",
  config: datasetConfig,
  create({ num_classes, length, regression, files, ...options }): Dataset {
    const split: Split = {
      name: "made up",
      length,
      sampleShape: SHAPE,
      labels: {
        width: 1,
        values: regression
          ? Float32Array.from({ length }, (_, i) => i / 4)
          : Int32Array.from({ length }, (_, i) => i % num_classes),
      },
      ids: Array.from({ length }, (_, i) => `class ${i % num_classes}/bild-ä-${i}.png`),
      source: { module: import.meta.url, options },
      ...(files.length > 0 && { files }),
    };
    return {
      numClasses: regression ? 1 : num_classes,
      task: regression ? "Regression" : "Classification",
      subtask: regression ? "regression" : "multiclass",
      classNames: ["a", "b", "c"],
      open: (name) => Promise.resolve(name === "test" ? undefined : split),
    };
  },
};

const encoderConfig = v.strictObject({
  type: v.optional(v.string(), "tiny/v1.0"),
  scale: v.optional(v.number(), 1),
});

const encoder: EncoderPlugin<v.InferOutput<typeof encoderConfig>> = {
  slot: "encoder_type",
  key: "tiny",
  description: "one linear map of the pixels",
  config: encoderConfig,
  preprocessing: () => ({ channels: 3, imageSize: [2, 2], mean: [0, 0, 0], std: [1, 1, 1] }),
  create({ scale }, { scope }) {
    const weight = scope.parameter("weight", [WIDTH, SIZE], normal(scale));
    return {
      output: "features",
      embedDim: WIDTH,
      forward: (x) => linear(reshape(x, ["batch", SIZE]), weight),
    };
  },
};

const policyConfig = v.strictObject({ mean: v.optional(v.number(), 0) });

function policy(key: string): Plugin<"policy", v.InferOutput<typeof policyConfig>> {
  return {
    slot: "policy",
    key,
    description: "nothing but numbers",
    config: policyConfig,
    create: ({ mean }, { preprocessing: { channels, imageSize } }) => ({
      channels,
      size: imageSize,
      operations: [{ op: "normalize", mean: [mean, mean, mean], std: [1, 1, 1] }],
    }),
  };
}

/** The made-up plugins. */
export const madeUp: readonly Plugin[] = [images, encoder, policy("plain")] as Plugin[];

/** A registry with the made-up plugins, and the built-in ones that extraction needs besides. */
export function extractionRegistry(): Registry {
  const registry = new Registry();
  for (const slot of ["peft", "head_type"] as const) {
    for (const key of builtIn.list(slot)) registry.add(builtIn.get(slot, key));
  }
  for (const plugin of [...madeUp, policy("default") as Plugin]) registry.add(plugin);
  return registry;
}

/** Resolves a config of extraction from the made-up dataset. */
export function extractConfig(folder: string, flags: Flags = {}): ExtractConfig {
  const all = {
    "data.dataset": "made_up",
    "model.encoder.encoder_type": "tiny",
    "dataloading.num_workers": "2",
    output_dir: folder,
    ...flags,
  };
  const words = Object.entries(all).map(([path, value]) => flag(path, value));
  return resolveExtractConfig({ flags: words }, extractionRegistry()).config;
}

/** Extracts, and keeps what was told. */
export async function extract(
  folder: string,
  flags: Flags = {},
  options: Omit<ExtractOptions, "onEvent"> = {},
): Promise<{ readonly files: ExtractedFile[]; readonly events: ExtractEvent[] }> {
  const events: ExtractEvent[] = [];
  const files = await extractFeatures(extractConfig(folder, flags), {
    registry: extractionRegistry(),
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { files, events };
}
