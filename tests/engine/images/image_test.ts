import { assertEquals, assertStrictEquals } from "@std/assert";
import { cmykToRgb, greyToRgb, rgbToGrey, withChannels } from "../../../engine/images/image.ts";

Deno.test("greyToRgb() repeats values", () => {
  assertEquals(greyToRgb(new Uint8Array([0, 7])), new Uint8Array([0, 0, 0, 7, 7, 7]));
});

Deno.test("rgbToGrey() weighs 0.299, 0.587, 0.114 and rounds", () => {
  const colors = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [1, 2, 3], [10, 200, 30]];
  const expected = colors.map(([r, g, b]) => Math.round(0.299 * r + 0.587 * g + 0.114 * b));
  assertEquals(rgbToGrey(new Uint8Array(colors.flat())), new Uint8Array(expected));
});

Deno.test("cmykToRgb() takes ink away from white", () => {
  const inks = new Uint8Array([0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 255, 128, 64, 0, 100]);
  const rest = 255 - 100;
  const mixed = [128, 64, 0].map((ink) => rest - Math.round((ink * rest) / 255));
  assertEquals(
    cmykToRgb(inks),
    new Uint8Array([255, 255, 255, 0, 255, 255, 0, 0, 0, ...mixed]),
  );
});

Deno.test("withChannels() converts only what has other channels", () => {
  const image = { width: 1, height: 1, channels: 3, data: new Uint8Array([9, 9, 9]) };
  assertStrictEquals(withChannels(image, 3), image);
  assertEquals(withChannels(image, 1), { ...image, channels: 1, data: new Uint8Array([9]) });
});
