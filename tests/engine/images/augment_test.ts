import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { brightnessContrast, jitterBrightness } from "../../../engine/images/_jitter.ts";
import { jitterContrast, jitterHue, jitterSaturation } from "../../../engine/images/_jitter.ts";
import { changePixels } from "../../../engine/images/augment.ts";
import type { Image } from "../../../engine/images/image.ts";
import type { PixelOperation } from "../../../engine/images/pixel_operation.ts";
import { Random } from "../../../engine/random.ts";
import { assertShare, counts, EXPECTED, grey, OPENCV, plain, rgb } from "./_augment.ts";
import { assertPixels, bytesOf } from "./_images.ts";

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

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

Deno.test("jitter of colors makes the pixels that OpenCV makes", () => {
  const steps = {
    brightness: jitterBrightness,
    contrast: jitterContrast,
    saturation: jitterSaturation,
    hue: jitterHue,
  };
  for (const { name, value, data } of EXPECTED.jitter) {
    const found = steps[name](rgb, value).data;
    assertPixels(found, bytesOf(data), `${name} ${value}`);
  }
  assertStrictEquals(jitterHue(grey, 0.1), grey);
  assertStrictEquals(jitterSaturation(grey, 0.1), grey);
});

Deno.test("color_jitter without strength changes nothing, with strength it keeps to its range", () => {
  const none = { op: "color_jitter", brightness: 0, contrast: 0, saturation: 0, hue: 0 } as const;
  assertPixels(changePixels(rgb, none, new Random(1)).data, rgb.data, "no strength");
  const even: Image = { height: 1, width: 1, channels: 3, data: new Uint8Array([100, 100, 100]) };
  const values = counts((random) => {
    return changePixels(even, { ...none, brightness: 0.1 }, random).data[0];
  });
  assertEquals([Math.min(...values.keys()), Math.max(...values.keys())], [90, 110]);
  for (const value of [92, 100, 108]) assertShare(values.get(value), 1 / 20);
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
    const taken = counts((random) => changePixels(rgb, operation, random) !== rgb);
    assertShare(taken.get(true), probability);
  }
});

Deno.test("one_of takes each of its choices equally often", () => {
  const choices: readonly (readonly PixelOperation[])[] = [1, 2, 3].map((value) => {
    return [{ op: "cutout", size: 64, fill: [value] }];
  });
  const taken = counts((random) => {
    return changePixels(grey, { op: "one_of", choices }, random).data[grey.width * 8 + 11];
  });
  assertEquals([...taken.keys()].sort(), [1, 2, 3]);
  for (const count of taken.values()) assertShare(count, 1 / 3);
});

Deno.test("a range of magnitudes is drawn evenly, both ends included", () => {
  const white: Image = { height: 1, width: 1, channels: 1, data: new Uint8Array([255]) };
  const bits = counts((random) => {
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
  for (const [value, magnitudes] of shares) assertShare(bits.get(value), magnitudes / 9);
});

Deno.test("cutout covers a square around any pixel, cut off at the border", () => {
  const black: Image = { height: 4, width: 5, channels: 1, data: new Uint8Array(20) };
  const covered = counts((random) => {
    const { data } = changePixels(black, { op: "cutout", size: 3, fill: [9] }, random);
    return data.indexOf(9) * 100 + data.filter((value) => value === 9).length;
  });
  // Half of 3 is 1: squares of 2 by 2, at each of 20 places; those of two corners lie at the border.
  assert([...covered.keys()].every((key) => [1, 2, 4].includes(key % 100)));
  assertShare(covered.get(1), 1 / 20);
  assertShare(covered.get(4), 1 / 20);
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

Deno.test("brightness_contrast makes the pixels that OpenCV makes, and draws both evenly", () => {
  for (const { factor, share, data } of OPENCV.brightness_contrast) {
    const found = brightnessContrast(rgb, factor, share).data;
    assertPixels(found, bytesOf(data), `${factor}, ${share}`);
  }
  const step = { op: "brightness_contrast", brightness: 0, contrast: 0.2 } as const;
  const factors = counts((random) => changePixels(plain(1, 1, 100), step, random).data[0]);
  assertEquals([Math.min(...factors.keys()), Math.max(...factors.keys())], [80, 120]);
  for (const value of [85, 100, 115]) assertShare(factors.get(value), 1 / 40);
  const added = counts((random) => {
    return changePixels(plain(1, 1, 100), { ...step, brightness: 0.1, contrast: 0 }, random)
      .data[0];
  });
  assertEquals([Math.min(...added.keys()), Math.max(...added.keys())], [75, 125]); // 25.5 rounds
  for (const value of [80, 100, 120]) assertShare(added.get(value), 1 / 51);
});

Deno.test("equalize makes the pixels that OpenCV makes of each channel", () => {
  const equalized = (image: Image) => changePixels(image, { op: "equalize" }, new Random(0)).data;
  assertPixels(equalized(rgb), bytesOf(OPENCV.equalized), "color");
  assertPixels(equalized(grey), bytesOf(OPENCV.equalized_grey), "grey");
  assertEquals(equalized(plain(2, 2, 7)), plain(2, 2, 7).data);
});

Deno.test("invert and solarize negate all values, or the high ones", () => {
  const image = { height: 1, width: 4, channels: 1, data: new Uint8Array([0, 127, 128, 255]) };
  const changed = (step: PixelOperation) => [...changePixels(image, step, new Random(0)).data];
  assertEquals(changed({ op: "invert" }), [255, 128, 127, 0]);
  assertEquals(changed({ op: "solarize", threshold: 128 }), [0, 127, 127, 0]);
});

Deno.test("noise is normal, of its own for each value, and its deviation is drawn evenly", () => {
  const values = counts((random) => {
    const step = { op: "noise", sigma: [0.02, 0.02] } as const;
    const [red, green] = changePixels(plain(1, 1, 100, 100, 100), step, random).data;
    return `${red < 100 - 5} ${green < 100 - 5}`; // 5.1 is a standard deviation; 94.5 rounds to 94
  });
  const below = 0.1404; // of a normal number below -5.5 / 5.1
  assertShare(values.get("true true"), below ** 2);
  assertShare(values.get("true false"), below * (1 - below));
  const spreads = counts((random) => {
    const { data } = changePixels(plain(8, 8, 100), { op: "noise", sigma: [0, 0.04] }, random);
    const square = data.reduce((sum, value) => sum + (value - 100) ** 2, 0) / data.length;
    return Math.sqrt(square) < 0.02 * 255;
  });
  assertShare(spreads.get(true), 1 / 2);
  assertEquals(
    changePixels(plain(1, 1, 255), { op: "noise", sigma: [0, 0] }, new Random(0)).data[0],
    255,
  );
});
