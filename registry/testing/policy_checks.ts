/**
 * What a policy for images promises.
 * @module
 */
import { Random } from "../../engine/random.ts";
import { transformImage } from "../../engine/images/transform.ts";
import type { ImageTransform, PolicyContext, Preprocessing } from "../plugin.ts";
import { type Check, expect, type PluginUnderTest, sameValues } from "./plugin_under_test.ts";

type PolicyUnderTest = PluginUnderTest<"policy">;

/** What encoders expect: a square, another format in grey, and nothing but channels. */
const EXPECTED: readonly Preprocessing[] = [
  {
    channels: 3,
    imageSize: [32, 32],
    mean: [0.4, 0.5, 0.6],
    std: [0.2, 0.3, 0.4],
    interpolation: "bicubic",
    cropPct: 0.9,
    cropMode: "center",
  },
  { channels: 1, imageSize: [16, 24], mean: [0.5], std: [0.25], cropPct: 1 },
  { channels: 3 },
];
/** Heights and widths of images, one of them smaller than most transforms. */
const IMAGES: readonly (readonly [number, number])[] = [[48, 64], [64, 48], [300, 200], [5, 9]];

/** Promises of policies. */
export const policyChecks: readonly Check<"policy">[] = [
  { name: "gives plain data that crosses threads", check: each(checkPlain) },
  { name: "gives the channels that the encoder expects", check: each(checkChannels) },
  { name: "gives images of the size that it announces", check: each(checkSize) },
  { name: "keeps to 8 bits, and makes the same of an image again", check: each(checkRepeats) },
];

function each(check: (transform: ImageTransform, context: PolicyContext) => void) {
  return ({ plugin, options, context }: PolicyUnderTest) => {
    const expected = context.preprocessing ? [context.preprocessing] : EXPECTED;
    for (const preprocessing of expected) {
      const given = { ...context, preprocessing };
      check(plugin.create(options, given), given);
    }
  };
}

function checkPlain(transform: ImageTransform): void {
  const copy = JSON.stringify(structuredClone(transform));
  const text = JSON.stringify(transform);
  expect(copy === text, `it gives ${text}, on another thread ${copy}`);
}

function checkChannels(
  { channels, operations }: ImageTransform,
  { preprocessing }: PolicyContext,
): void {
  const wanted = preprocessing.channels;
  expect(channels === wanted, `it gives ${channels} channels, the encoder expects ${wanted}`);
  for (const operation of operations) {
    if (operation.op !== "normalize") continue;
    const { mean: { length: means }, std: { length: deviations } } = operation;
    const numbers = `${means} means and ${deviations} deviations for ${channels} channels`;
    expect(means === channels && deviations === channels, `it normalizes with ${numbers}`);
    expect(operation.std.every((value) => value > 0), `it divides by ${operation.std}`);
    expect(operation === operations.at(-1), "it changes images after it has normalized them");
  }
}

function checkSize(transform: ImageTransform): void {
  const { size, channels } = transform;
  if (size === undefined) return;
  for (const [height, width] of IMAGES) {
    const data = new Uint8Array(height * width * channels);
    for (const seed of SEEDS) {
      const image = { height, width, channels, data };
      const after = transformImage(image, transform, new Random(seed));
      const made = `${after.height}×${after.width} of ${height}×${width}`;
      const fits = after.height === size[0] && after.width === size[1];
      expect(fits, `it makes images of ${made}, announced: ${size.join("×")}`);
    }
  }
}

/** Seeds of random choices. */
const SEEDS = [0, 1, 2, 3, 4, 5, 6, 7];

function checkRepeats(transform: ImageTransform): void {
  const { channels } = transform;
  const [height, width] = IMAGES[0];
  const data = Uint8Array.from({ length: height * width * channels }, (_, i) => (i * 7) % 256);
  const before = data.slice();
  for (const seed of SEEDS) {
    const make = () =>
      transformImage({ height, width, channels, data }, transform, new Random(seed));
    const after = make();
    const bytes = after.height * after.width * channels;
    expect(after.data.length === bytes, `it makes ${after.data.length} values of ${bytes}`);
    expect(sameValues(after.data, make().data), `it makes two images of one with seed ${seed}`);
    expect(sameValues(data, before), "it changes the image that it gets");
  }
}
