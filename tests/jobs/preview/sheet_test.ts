import { assertEquals } from "@std/assert";
import sharp from "sharp";
import { drawSheet, PAGE_GREY } from "../../../jobs/preview/sheet.ts";

/** An image of one color. */
function filled(width: number, height: number, ...color: number[]) {
  const data = Uint8Array.from(
    { length: width * height * color.length },
    (_, at) => color[at % color.length],
  );
  return { width, height, channels: color.length, data };
}

Deno.test("drawSheet() enlarges small images, shrinks large ones, and puts them side by side", async () => {
  const { bytes } = await drawSheet({
    title: "Title",
    subtitle: "below <it>",
    columns: ["a", "b", "c"],
    rows: [
      { caption: "0", images: [filled(32, 16, 255, 0, 0), filled(200, 100, 9), filled(8, 8, 7)] },
      { caption: "1", images: [filled(512, 256, 0, 0, 255), filled(1, 1, 0), filled(1, 1, 0)] },
    ],
  });
  const { data, info: { width, height, channels } } = await sharp(bytes).removeAlpha().raw()
    .toBuffer({ resolveWithObject: true });
  // Columns of 256, 200 and 112 pixels, rows of 112 and 128 below their captions.
  assertEquals([width, height, channels], [
    16 + 256 + 8 + 200 + 8 + 112 + 16,
    76 + 22 + 112 + 8 + 22 + 128 + 16,
    3,
  ]);
  const pixel = (x: number, y: number) => [...data.subarray((y * width + x) * 3).subarray(0, 3)];
  const top = 76 + 22;
  assertEquals(pixel(16, top), [255, 0, 0]);
  assertEquals(pixel(16 + 127, top + 63), [255, 0, 0]); // 4 times as large
  assertEquals(pixel(16 + 128, top), [PAGE_GREY, PAGE_GREY, PAGE_GREY]);
  assertEquals(pixel(16 + 256 + 8, top), [9, 9, 9]);
  assertEquals(pixel(width - 17, top + 111), [7, 7, 7]);
  assertEquals(pixel(16 + 255, height - 17), [0, 0, 255]);
});
