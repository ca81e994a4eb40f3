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
import type { Outputs } from "./expected_outputs.ts";

/** Samples as a file takes them. */
export interface CheckSamples extends Samples {
  /** `uint8 [height, width, 3]`, which the features are made of, for files that prepare images. */
  readonly image?: Value;
  /** Names of the samples, where they have some. */
  readonly names?: readonly string[];
}

/** Samples with what the checkpoints say of them. */
export interface Expected {
  /** The samples. */
  readonly samples: CheckSamples;
  /** All outputs of the file. */
  readonly outputs: Outputs;
}

/** How far values may be off, by the bits of a stored weight. */
const TOLERANCES = { 32: 1e-4, 16: 5e-3 } as const;
/** How much more they may be off where the file resizes images, as pixels may be off by one. */
const RESIZED = 0.02;
/** Sides of the image that a file with preprocessing is checked with. */
const IMAGE_SIDES = [311, 423] as const;
/** Instances of the bags that stand in for real ones. */
const BAG_LENGTHS = [7, 1, 30];
/** Samples that stand in for real ones. */
const STANDINS = 4;

/** How a file is checked. */
interface CheckOptions {
  /** What its model is. */
  readonly model: Pick<Model, "sampleShape" | "subtask" | "numClasses">;
  /** Bits of a stored weight. */
  readonly precision: 16 | 32;
}

/**
 * Compares a file with what the checkpoints say, output by output. Probabilities, those of instances
 * too, are compared as they are; logits, attention and predicted values have no bounds, so their
 * differences are taken in proportion to the largest value of the output, or to 1 if that is larger.
 * @param path The file.
 * @param expected Samples and outputs.
 * @param options What the model is, and the bits of a stored weight.
 * @returns The largest difference by output.
 * @throws {DataError} if one is too large; it names the output and the sample.
 */
export async function checkModel(
  path: string,
  { samples, outputs }: Expected,
  options: CheckOptions,
): Promise<Readonly<Record<string, number>>> {
  const session = await Session.open(path);
  try {
    const found = await session.run(feedsOf(samples, options.model));
    return Object.fromEntries(
      Object.entries(outputs).map(([name, expected]) => {
        const values = (found[name]?.data ?? []) as Float32Array;
        return [name, compare({ name, expected, found: values, path }, samples, options)];
      }),
    );
  } finally {
    await session.release();
  }
}

/** An output of a file. */
interface CheckedOutput {
  readonly name: string;
  readonly expected: Float32Array;
  readonly found: Float32Array;
  /** The file. */
  readonly path: string;
}

function compare(
  { name, expected, found, path }: CheckedOutput,
  samples: CheckSamples,
  { model, precision }: CheckOptions,
): number {
  const refuse = (state: string): never => {
    throw new DataError(`Cannot export: output "${name}" ${state}`, { file: path });
  };
  if (found.length !== expected.length) {
    return refuse(`has ${found.length} values, the checkpoint's ${expected.length}`);
  }
  const { at, difference } = farthest(found, expected);
  const scale = isProbability(name, model) ? 1 : largest(expected);
  const most = (TOLERANCES[precision] + (samples.image ? RESIZED : 0)) * scale;
  if (difference <= most) return difference / scale;
  const place = placeOf(at, name, { samples, model });
  return refuse(
    `differs from the checkpoint's by ${rounded(difference)} in ${place}, more than ${
      rounded(most)
    }`,
  );
}

function isProbability(name: string, { subtask }: CheckOptions["model"]): boolean {
  if (name === "instance_scores") return true;
  return (name === "scores" || name === "spread") && subtask !== "regression";
}

/** Where a value of an output is: its sample, and within a bag its instance. */
function placeOf(
  at: number,
  name: string,
  { samples: { features, lengths, names }, model: { numClasses, sampleShape } }: {
    readonly samples: CheckSamples;
    readonly model: CheckOptions["model"];
  },
): string {
  const sampleOf = (index: number) => `sample ${names?.[index] ?? index}`;
  const row = Math.floor(at / numClasses);
  const perInstance = name === "attention" || name === "instance_scores";
  if (lengths === undefined || !perInstance) return sampleOf(row);
  const instances = features.length / sizeOf(sampleShape);
  let instance = name === "attention" ? at % instances : row;
  const bag = lengths.findIndex((length) => {
    if (instance < length) return true;
    instance -= length;
    return false;
  });
  return `${sampleOf(bag)}, instance ${instance}`;
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

/** The largest value, at least 1; infinite ones only say that there is none. */
function largest(values: Float32Array): number {
  return values.reduce(
    (most, value) => Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most,
    1,
  );
}

/** The value that differs most; the difference is NaN where one is not a number. */
function farthest(
  found: Float32Array,
  expected: Float32Array,
): { readonly at: number; readonly difference: number } {
  let [most, place] = [0, 0];
  for (const [at, value] of expected.entries()) {
    const difference = value === found[at] ? 0 : Math.abs(value - found[at]);
    if (difference <= most) continue;
    [most, place] = [difference, at];
    if (Number.isNaN(most)) break;
  }
  return { at: place, difference: most };
}

function rounded(value: number): number {
  return Number(value.toPrecision(2));
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
 * @param given The image, of three channels, and its name; one of waves where none is given.
 */
export function imageSample(
  transform: ImageTransform,
  { image: given, name }: { readonly image: Image; readonly name?: string } = { image: waves() },
): CheckSamples {
  const { height, width, data } = given;
  const made = transformImage(inChannels(given, transform), transform);
  const features = new Float32Array(made.data.length);
  normalizeImage(made, transform, features);
  return {
    ...{ features, image: { dtype: "uint8", shape: [height, width, 3], data } },
    ...(name !== undefined && { names: [name] }),
  };
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
