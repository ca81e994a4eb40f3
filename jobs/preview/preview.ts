/**
 * A contact sheet of what the policies of a config make of the dataset's images.
 * @module
 */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { Source, Split } from "../../engine/data/data.ts";
import { openSplitSource } from "../../engine/data/open_source.ts";
import { DataError } from "../../engine/errors.ts";
import type { Image } from "../../engine/images/image.ts";
import { deriveSeed, Random } from "../../engine/random.ts";
import { writeError, writeFileAtomic } from "../../engine/storage/atomic.ts";
import { type ConfigInput, resolveConfigInput } from "../../registry/builder/config_input.ts";
import type { BuildSources } from "../../registry/builder/create.ts";
import { createDataset } from "../../registry/builder/dataset.ts";
import type { ModelConfig } from "../../registry/config/tree.ts";
import { ConfigError } from "../../registry/errors.ts";
import type { ImageTransform, ImageTransforms } from "../../registry/plugin.ts";
import { type Registry, registry as defaultRegistry } from "../../registry/registry.ts";
import { SLOTS } from "../../registry/slots.ts";
import type { PreviewFields } from "./config.ts";
import { drawSheet, PAGE_GREY } from "./sheet.ts";

/**
 * What is shown, and where it goes.
 * @category Images
 */
export interface PreviewOptions extends Partial<PreviewFields> {
  /** Where plugins are looked up. @default {registry} */
  readonly registry?: Registry;
  /** Gets lines that the user should see. */
  readonly notify?: (message: string) => void;
}

/**
 * What a contact sheet shows.
 * @category Images
 */
export interface Preview {
  /** Path of the PNG file. */
  readonly path: string;
  /** Indices of the images in the training split, row by row. */
  readonly samples: readonly number[];
  /** Captions of the columns: the original, each draw of the training policy, the test policy. */
  readonly columns: readonly string[];
}

/**
 * Writes a contact sheet as PNG: a row for each of a few images of the training split, with the
 * original, what the training policy makes of it in the first epochs, and what the test policy makes
 * of it, as the encoder sees it. With the seed of a training the draws are those of its epochs.
 * @param given The config of a training, resolved or in parts.
 * @param options What is shown, and where it goes.
 * @returns Where the sheet is, and what it shows.
 * @throws {ConfigError} if the config is wrong, or has no images.
 * @throws {DataError} if no image can be read, or the file cannot be written.
 *
 * @example Two images, and two draws of each
 * ```ts
 * import { configure, genericImageDataset, preview, timm } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const red = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";
 * const image = Uint8Array.from(atob(red), (character) => character.charCodeAt(0));
 * const folder = await Deno.makeTempDir();
 * for (const label of ["left", "right"]) {
 *   await Deno.mkdir(`${folder}/images/train/${label}`, { recursive: true });
 *   await Deno.writeFile(`${folder}/images/train/${label}/0.png`, image);
 * }
 *
 * const { samples, columns } = await preview([
 *   configure(genericImageDataset, {
 *     num_classes: 2,
 *     split_source: "subdirs",
 *     label_source: "folder",
 *     augmentation: { image_size: 32 },
 *   }),
 *   configure(timm, { type: "test_vit", pretrained: false }),
 *   { data: { data_root_dir: folder } },
 * ], { output: `${folder}/preview.png`, draws: 2 });
 * assertEquals([samples, columns.length], [[0, 1], 4]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @category Images
 */
export async function preview(
  given: ConfigInput,
  options: PreviewOptions = {},
): Promise<Preview> {
  const { registry = defaultRegistry, notify = () => {} } = options;
  const { output = "preview.png", samples = 6, draws = 4, seed = 0 } = options;
  const { config, notices } = resolveConfigInput(given, registry);
  for (const message of notices) notify(message);
  const sources = { config, registry };
  const images = await transformsOf(sources);
  await using training = await openImages(sources, images.train);
  await using original = await openImages(sources, fitted(training.split.sampleShape));
  await using evaluation = await openImages(sources, images.eval);
  const { split, classNames } = training;
  const reads: Read[] = [
    (index) => original.read(index),
    ...Array.from(
      { length: draws },
      (_, epoch): Read => (index) => training.read(index, { seed, epoch }),
    ),
    (index) => evaluation.read(index),
  ];
  const rows: { index: number; caption: string; images: readonly Image[] }[] = [];
  for (const index of choose(split.length, samples, seed)) {
    const shown = await rowOf(index, reads);
    if (typeof shown === "string") notify(`${shown}; left out`);
    else rows.push({ index, caption: captionOf(split, index, classNames), images: shown });
  }
  if (rows.length === 0) {
    throw new DataError(`Cannot show images of "${split.name}": none of them can be read`, {
      file: split.name,
    });
  }
  const epochs = Array.from({ length: draws }, (_, epoch) => `epoch ${epoch + 1}`);
  const columns = ["original", ...epochs, "test"];
  const { bytes, notices: drawn } = await drawSheet({
    ...titlesOf(config, split, seed),
    columns,
    rows,
  });
  for (const message of drawn) notify(message);
  await write(output, bytes);
  return { path: output, samples: rows.map(({ index }) => index), columns };
}

/** Reads an image, or says why it cannot be read. */
type Read = (index: number) => Promise<Image | string>;

async function rowOf(index: number, reads: readonly Read[]): Promise<Image[] | string> {
  const images: Image[] = [];
  for (const read of reads) {
    const image = await read(index);
    if (typeof image === "string") return image;
    images.push(image);
  }
  return images;
}

function titlesOf(
  { data }: ModelConfig,
  { length, sampleShape: [, height, width] }: Split,
  seed: number,
): { readonly title: string; readonly subtitle: string } {
  const named = (data.augmentation ?? {}) as Record<string, string | null>;
  const nameOf = (key: string) => `${key} ${named[key] ?? SLOTS.policy.defaultKey}`;
  return {
    title: `${data.dataset}: ${nameOf("train_policy")}, ${nameOf("test_policy")}`,
    subtitle: `${length} training images, ${width} x ${height} for the encoder, seed ${seed}`,
  };
}

/** The whole image in its own aspect, in a square as large as the encoder's images. */
function fitted([channels, height, width]: readonly number[]): ImageTransform {
  const side = Math.max(height, width);
  const size = [side, side] as const;
  return {
    channels,
    size,
    operations: [
      { op: "resize_fit", size, interpolation: "bilinear" },
      { op: "center_crop", size, fill: Array(channels).fill(PAGE_GREY) },
    ],
  };
}

async function transformsOf(sources: BuildSources<ModelConfig>): Promise<ImageTransforms> {
  const { images } = await createDataset(sources);
  if (images !== undefined) return images;
  const message = "expected a dataset of images and an encoder that takes them, there is nothing " +
    "to show";
  throw new ConfigError([{ path: "data.dataset", message }]);
}

/** The training split with one transform, open for reading. */
interface OpenImages extends AsyncDisposable {
  readonly split: Split;
  readonly classNames?: readonly string[];
  /** An image after its transform, or why it cannot be read. */
  read(index: number, random?: { seed: number; epoch: number }): Promise<Image | string>;
}

async function openImages(
  sources: BuildSources<ModelConfig>,
  transform: ImageTransform,
): Promise<OpenImages> {
  const images = { train: transform, eval: transform };
  const { dataset } = await createDataset(sources, { images });
  const split = await dataset.open("train");
  if (split === undefined) {
    throw new DataError("Cannot show images: the dataset has no train split");
  }
  const { name, sampleShape: [channels, height, width], bagLengths } = split;
  const isImage = split.sampleShape.length === 3 && (channels === 1 || channels === 3);
  if (!isImage || bagLengths) {
    throw new DataError(`Cannot show samples of "${name}": they are not images`, { file: name });
  }
  const source: Source = await openSplitSource(split);
  const classNames = dataset.classNames;
  return {
    split,
    classNames,
    async read(index, random) {
      const { features, skipped } = await source.read(Int32Array.of(index), { random });
      if (skipped?.length) return skipped[0].reason;
      const data = pixelsOf(features, { channels, area: height * width, transform });
      return { channels, height, width, data };
    },
    async [Symbol.asyncDispose]() {
      await source.close();
    },
  };
}

/** Bytes, of which normalised numbers were made. */
function pixelsOf(
  features: Float32Array,
  { channels, area, transform }: { channels: number; area: number; transform: ImageTransform },
): Uint8Array {
  const last = transform.operations.at(-1);
  const { mean, std } = last?.op === "normalize"
    ? last
    : { mean: Array(channels).fill(0), std: Array(channels).fill(1) };
  const pixels = new Uint8Array(channels * area);
  for (let channel = 0; channel < channels; channel++) {
    for (let at = 0; at < area; at++) {
      const value = 255 * (features[channel * area + at] * std[channel] + mean[channel]);
      pixels[at * channels + channel] = Math.min(255, Math.max(0, Math.round(value)));
    }
  }
  return pixels;
}

/** Some of the samples, each once, in their order. */
function choose(length: number, count: number, seed: number): Int32Array {
  const all = Int32Array.from({ length }, (_, index) => index);
  const random = new Random(deriveSeed(seed, "preview"));
  return random.shuffle(all).subarray(0, count).sort();
}

function captionOf(
  { ids, labels: { values, width }, unlabelled }: Split,
  index: number,
  classNames: readonly string[] | undefined,
): string {
  const name = ids?.[index] ?? `image ${index}`;
  if (unlabelled) return name;
  const own = Array.from(values.subarray(index * width, (index + 1) * width));
  if (values instanceof Int32Array) return `${name} · ${classNames?.[own[0]] ?? own[0]}`;
  const positive = own.flatMap((value, at) => value > 0.5 ? [classNames?.[at] ?? String(at)] : []);
  return width === 1 ? `${name} · ${own[0]}` : `${name} · ${positive.join(", ") || "none"}`;
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(path);
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw writeError(error, folder);
  }
  await writeFileAtomic(path, bytes);
}
