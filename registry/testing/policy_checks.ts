/**
 * What a policy for images promises.
 * @module
 */
import { transformImage } from "../../engine/images/transform.ts";
import type { ImageTransform, PolicyContext, Preprocessing } from "../plugin.ts";
import { type Check, expect, type PluginUnderTest } from "./plugin_under_test.ts";

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
    const after = transformImage({ height, width, channels, data }, transform);
    const made = `${after.height}×${after.width} of ${height}×${width}`;
    const fits = after.height === size[0] && after.width === size[1];
    expect(fits, `it makes images of ${made}, announced: ${size.join("×")}`);
  }
}
