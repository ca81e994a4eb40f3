import { assert, assertEquals, assertLessOrEqual, assertStrictEquals } from "@std/assert";
import { jitterBrightness } from "../../../engine/images/_jitter.ts";
import { jitterContrast, jitterHue, jitterSaturation } from "../../../engine/images/_jitter.ts";
import { rotateMirrored } from "../../../engine/images/_warp.ts";
import { changePixels } from "../../../engine/images/augment.ts";
import type { Image } from "../../../engine/images/image.ts";
import type { AutoOperationName, PixelOperation } from "../../../engine/images/pixel_operation.ts";
import { Random } from "../../../engine/random.ts";
import { assertPixels, bytesOf } from "./_images.ts";

type JitterName = "brightness" | "contrast" | "saturation" | "hue";

/** An image, and what PIL and OpenCV make of it. */
const EXPECTED: {
  readonly size: readonly [number, number];
  readonly rgb: string;
  readonly grey: string;
  readonly auto: readonly {
    readonly mode: "RGB" | "L";
    readonly name: AutoOperationName;
    readonly index: number;
    readonly sign: number;
    readonly data: string;
  }[];
  readonly rotated: readonly { readonly degrees: number; readonly data: string }[];
  readonly jitter: readonly {
    readonly name: JitterName;
    readonly value: number;
    readonly data: string;
  }[];
} = JSON.parse(
  Deno.readTextFileSync(new URL("../../testdata/augment/expected.json", import.meta.url)),
);

const [height, width] = EXPECTED.size;
const rgb: Image = { height, width, channels: 3, data: bytesOf(EXPECTED.rgb) };
const grey: Image = { height, width, channels: 1, data: bytesOf(EXPECTED.grey) };

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

/** How often each of several things comes out of many draws. */
function counts<T>(draws: number, draw: (random: Random) => T): Map<T, number> {
  const found = new Map<T, number>();
  for (let seed = 0; seed < draws; seed++) {
    const value = draw(new Random(seed));
    found.set(value, (found.get(value) ?? 0) + 1);
  }
  return found;
}

/** Checks a count of a share: within 5 standard deviations. */
function assertShare(count: number | undefined, share: number, draws: number): void {
  const spread = Math.sqrt(draws * share * (1 - share));
  assertLessOrEqual(Math.abs((count ?? 0) - share * draws), 5 * spread);
}

const DRAWS = 2000;

Deno.test("operations of AutoAugment make the pixels that PIL makes, whatever the sign", () => {
  const groups = Map.groupBy(EXPECTED.auto, ({ mode, name, index }) => `${mode} ${name} ${index}`);
  for (const [title, cases] of groups) {
    const [{ mode, name, index }] = cases;
    const image = mode === "L" ? grey : rgb;
    const operation = { op: "auto_operation", name, index } as const;
    const met = cases.map(() => 0);
    for (let seed = 0; seed < 32; seed++) {
      const { data } = changePixels(image, operation, new Random(seed));
      const found = cases.findIndex((expected) => same(data, bytesOf(expected.data)));
      if (found < 0) assertPixels(data, bytesOf(cases[0].data), title);
      met[found]++;
    }
    // Grey images have no colors to change: both signs make the same.
    const distinct = new Set(cases.map(({ data }) => data)).size;
    assertEquals(met.filter((count) => count > 0).length, distinct, title);
  }
});

Deno.test("rotations are OpenCV's with a mirrored border, but for the rounding of places", () => {
  for (const { degrees, data } of EXPECTED.rotated) {
    const found = rotateMirrored(rgb, degrees).data;
    const wrong = bytesOf(data).map((value, i) => Math.abs(value - found[i]));
    assertLessOrEqual(Math.max(...wrong), 2, `${degrees}°`);
  }
});

Deno.test("jitter of colors makes the pixels that OpenCV makes", () => {
  const steps = {
    brightness: jitterBrightness,
    contrast: jitterContrast,
    saturation: jitterSaturation,
    hue: jitterHue,
  };
  for (const { name, value, data } of EXPECTED.jitter) {
    const found = steps[name](rgb, value).data;
    const wrong = bytesOf(data).map((expected, i) => Math.abs(expected - found[i]));
    // The grey is PIL's, OpenCV rounds it otherwise; and it rounds hues as 32-bit floats.
    const allowed = name === "hue" || name === "saturation" ? 1 : 0;
    assertLessOrEqual(Math.max(...wrong), allowed, `${name} ${value}`);
  }
  assertStrictEquals(jitterHue(grey, 0.1), grey);
  assertStrictEquals(jitterSaturation(grey, 0.1), grey);
});

Deno.test("color_jitter without strength changes nothing, with strength it keeps to its range", () => {
  const none = { op: "color_jitter", brightness: 0, contrast: 0, saturation: 0, hue: 0 } as const;
  assertPixels(changePixels(rgb, none, new Random(1)).data, rgb.data, "no strength");
  const even: Image = { height: 1, width: 1, channels: 3, data: new Uint8Array([100, 100, 100]) };
  const values = counts(DRAWS, (random) => {
    return changePixels(even, { ...none, brightness: 0.1 }, random).data[0];
  });
  assertEquals([Math.min(...values.keys()), Math.max(...values.keys())], [90, 110]);
  for (const value of [92, 100, 108]) assertShare(values.get(value), 1 / 20, DRAWS);
});

Deno.test("flips swap columns or rows", () => {
  const image = {
    height: 2,
    width: 2,
    channels: 3,
    data: Uint8Array.from({ length: 12 }, (_, i) => i),
  };
  const flipped = (
    axis: "horizontal" | "vertical",
  ) => [...changePixels(image, { op: "flip", axis }, new Random(0)).data];
  assertEquals(flipped("horizontal"), [3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8]);
  assertEquals(flipped("vertical"), [6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5]);
});

Deno.test("random_apply takes its steps for its share of the images", () => {
  for (const probability of [0, 0.2, 0.5, 1]) {
    const flip = { op: "flip", axis: "horizontal" } as const;
    const operation = { op: "random_apply", probability, operations: [flip] } as const;
    const taken = counts(DRAWS, (random) => changePixels(rgb, operation, random) !== rgb);
    assertShare(taken.get(true), probability, DRAWS);
  }
});

Deno.test("one_of takes each of its choices equally often", () => {
  const choices: readonly (readonly PixelOperation[])[] = [1, 2, 3].map((value) => {
    return [{ op: "cutout", size: 64, fill: [value] }];
  });
  const taken = counts(DRAWS, (random) => {
    return changePixels(grey, { op: "one_of", choices }, random).data[width * 8 + 11];
  });
  assertEquals([...taken.keys()].sort(), [1, 2, 3]);
  for (const count of taken.values()) assertShare(count, 1 / 3, DRAWS);
});

Deno.test("a range of magnitudes is drawn evenly, both ends included", () => {
  const white: Image = { height: 1, width: 1, channels: 1, data: new Uint8Array([255]) };
  const bits = counts(DRAWS, (random) => {
    const operation = { op: "auto_operation", name: "posterize", index: [1, 9] } as const;
    return changePixels(white, operation, random).data[0];
  });
  const shares: readonly (readonly [value: number, magnitudes: number])[] = [
    [255, 1],
    [254, 2],
    [252, 2],
    [248, 2],
    [240, 2],
  ];
  assertEquals(bits.size, shares.length);
  for (const [value, magnitudes] of shares) assertShare(bits.get(value), magnitudes / 9, DRAWS);
});

Deno.test("cutout covers a square around any pixel, cut off at the border", () => {
  const black: Image = { height: 4, width: 5, channels: 1, data: new Uint8Array(20) };
  const covered = counts(DRAWS, (random) => {
    const { data } = changePixels(black, { op: "cutout", size: 3, fill: [9] }, random);
    return data.indexOf(9) * 100 + data.filter((value) => value === 9).length;
  });
  // Half of 3 is 1: squares of 2 by 2, at each of 20 places; those of two corners lie at the border.
  assert([...covered.keys()].every((key) => [1, 2, 4].includes(key % 100)));
  assertShare(covered.get(1), 1 / 20, DRAWS);
  assertShare(covered.get(4), 1 / 20, DRAWS);
  assertEquals(black.data, new Uint8Array(20));
});

Deno.test("cutout of AutoAugment has GloViTa's color, in grey its grey", () => {
  const operation = { op: "auto_operation", name: "cutout", index: 9 } as const;
  const color = changePixels(
    { ...rgb, data: new Uint8Array(rgb.data.length) },
    operation,
    new Random(3),
  );
  assertEquals([...new Set(color.data)].sort((a, b) => a - b), [0, 113, 122, 125]);
  const one = changePixels(
    { ...grey, data: new Uint8Array(grey.data.length) },
    operation,
    new Random(3),
  );
  assertEquals([...new Set(one.data)].sort((a, b) => a - b), [0, 122]);
});
