/**
 * Checking an exported file: onnxruntime must say of it what the checkpoints say.
 * @module
 */
import { DataError } from "../../engine/errors.ts";
import { sizeOf } from "../../engine/ir/dims.ts";
import type { Image } from "../../engine/images/image.ts";
import { normalizeImage } from "../../engine/images/normalize.ts";
import { type ImageTransform, transformImage } from "../../engine/images/transform.ts";
import { Random } from "../../engine/random.ts";
import { Session, type Value } from "../../engine/runtime/session.ts";
import type { Model } from "../../engine/train/model.ts";
import type { Samples } from "../predict/trained_model.ts";

/** Samples as a file takes them. */
export interface CheckSamples extends Samples {
  /** `uint8 [height, width, 3]`, which the features are made of, for files that prepare images. */
  readonly image?: Value;
}

/** Samples with what the checkpoints say of them. */
export interface Expected {
  /** The samples. */
  readonly samples: CheckSamples;
  /** `[samples, num_classes]`: means over the models. */
  readonly scores: Float32Array;
}

/** How far scores may be off, by the bits of a stored weight. */
const TOLERANCES = { 32: 1e-4, 16: 5e-3 } as const;
/** How much more they may be off where the file resizes images, as pixels may be off by one. */
const RESIZED = 0.02;
/** Sides of the image that a file with preprocessing is checked with. */
const IMAGE_SIDES = [311, 423] as const;
/** Instances of the bags that stand in for real ones. */
const BAG_LENGTHS = [7, 1, 30];
/** Samples that stand in for real ones. */
const STANDINS = 4;

/**
 * Compares a file with what the checkpoints say.
 * @param path The file.
 * @param expected Samples and scores.
 * @param options Shape of a sample, and the bits of a stored weight.
 * @returns The largest difference of a score.
 * @throws {DataError} if it is too large.
 */
export async function checkModel(
  path: string,
  { samples, scores }: Expected,
  { model, precision }: {
    readonly model: Pick<Model, "sampleShape" | "subtask">;
    readonly precision: 16 | 32;
  },
): Promise<number> {
  const session = await Session.open(path);
  try {
    const found = await session.run(feedsOf(samples, model));
    const scale = model.subtask === "regression" ? largest(scores) : 1;
    const difference = largestDifference(found.scores.data as Float32Array, scores) / scale;
    const tolerance = TOLERANCES[precision] + (samples.image ? RESIZED : 0);
    if (difference <= tolerance) return difference;
    throw new DataError(
      `Cannot export: the file's scores differ from the checkpoint's by ${
        difference.toPrecision(2)
      }, more than ${tolerance}`,
      { file: path },
    );
  } finally {
    await session.release();
  }
}

function feedsOf(
  { features, lengths, image }: CheckSamples,
  { sampleShape }: Pick<Model, "sampleShape">,
): Record<string, Value> {
  if (image !== undefined) return { image };
  const rows = features.length / sizeOf(sampleShape);
  return {
    features: { dtype: "float32", shape: [rows, ...sampleShape], data: features },
    ...(lengths && {
      lengths: {
        dtype: "int64",
        shape: [lengths.length],
        data: BigInt64Array.from(lengths, BigInt),
      },
    }),
  };
}

function largest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
}

/** Infinite where one is not a number, or they are not equally many. */
function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Infinity;
  return a.reduce((most, value, at) => {
    const difference = Math.abs(value - b[at]);
    return Number.isNaN(difference) ? Infinity : Math.max(most, difference);
  }, 0);
}

/**
 * Samples of random numbers, where there are no real ones.
 * @param model What they are for.
 */
export function standInSamples(
  { sampleShape, bags }: Pick<Model, "sampleShape" | "bags">,
): Samples {
  const random = new Random(0);
  const rows = bags ? BAG_LENGTHS.reduce((a, b) => a + b) : STANDINS;
  const features = Float32Array.from({ length: rows * sizeOf(sampleShape) }, () => random.normal());
  return { features, ...(bags && { lengths: Int32Array.from(BAG_LENGTHS) }) };
}

/**
 * An image for a file that prepares images itself, and the sample that a transform makes of it.
 * @param transform The transform.
 * @param given The image, of three channels; one of waves where none is given.
 */
export function imageSample(transform: ImageTransform, given = waves()): CheckSamples {
  const { height, width, data } = given;
  const made = transformImage(inChannels(given, transform), transform);
  const features = new Float32Array(made.data.length);
  normalizeImage(made, transform, features);
  return { features, image: { dtype: "uint8", shape: [height, width, 3], data } };
}

function waves(): Image {
  const [height, width] = IMAGE_SIDES;
  const data = Uint8Array.from({ length: height * width * 3 }, (_, at) => {
    const [channel, x, y] = [at % 3, Math.floor(at / 3) % width, Math.floor(at / 3 / width)];
    return Math.round(127 + 60 * Math.sin(x / 9 + channel) + 60 * Math.cos(y / 13 - channel));
  });
  return { height, width, channels: 3, data };
}

function inChannels({ height, width, data }: Image, { channels }: ImageTransform): Image {
  if (channels !== 1) return { height, width, channels, data };
  const grey = Uint8Array.from({ length: height * width }, (_, at) => {
    const [r, g, b] = data.subarray(3 * at);
    return (19595 * r + 38470 * g + 7471 * b + 32768) >> 16;
  });
  return { height, width, channels, data: grey };
}
