import { assert, assertEquals } from "@std/assert";
import sharp from "sharp";
import { loadMagma } from "../../../jobs/attention/magma.ts";
import { attentionMap } from "../../../jobs/attention/map_image.ts";
import { slideOf } from "./_slide.ts";

/** Colours of an image in pixels of the SVG. */
async function pixelsOf(bytes: Uint8Array) {
  const { data, info } = await sharp(bytes).removeAlpha().raw().toBuffer({
    resolveWithObject: true,
  });
  const at = (x: number, y: number) =>
    [...data.subarray(3 * (2 * y * info.width + 2 * x))]
      .slice(0, 3);
  return { at, width: info.width / 2, height: info.height / 2 };
}

Deno.test("attentionMap() colours each tile by its percentile", async () => {
  const colorOf = await loadMagma();
  const slide = slideOf();
  const { at, width, height } = await pixelsOf((await attentionMap(slide, { colorOf })).bytes);
  // The tiles cover 400 x 400 pixels of level 0, and a tile around them: 800 x 800 in 720.
  assertEquals([width, height], [768, 824]);
  const place = (x: number, y: number) => [24 + (x + 100) * 0.9, 40 + y * 0.9] as const;
  for (const [tile, [x, y]] of [[200, 300], [400, 300], [400, 500]].entries()) {
    const [column, row] = place(x, y).map(Math.round);
    assertEquals(at(column, row), [...colorOf(slide.percentiles[tile])], String(tile));
  }
  const [column, row] = place(200, 500).map(Math.round);
  assertEquals(at(column, row), [255, 255, 255]);
});

Deno.test("attentionMap() lies over a thumbnail of the whole slide", async () => {
  const colorOf = await loadMagma();
  const thumbnail = await sharp({
    create: { width: 40, height: 20, channels: 3, background: "#00ff00" },
  }).png().toBuffer();
  const slide = slideOf({ slideSize: [1600, 800], mpp: 0.5 });
  const { at } = await pixelsOf((await attentionMap(slide, { colorOf, thumbnail })).bytes);
  const place = (x: number, y: number) => [24 + x * 0.45, 40 + y * 0.45].map(Math.round);
  const [empty, full] = [place(1200, 600), place(400, 300)].map(([x, y]) => at(x, y));
  assertEquals(empty, [0, 255, 0]);
  // The tile of percentile 100: three quarters of its colour, one of the thumbnail's.
  const expected = colorOf(100).map((value, channel) => 0.75 * value + 0.25 * [0, 255, 0][channel]);
  for (const [channel, value] of full.entries()) assert(Math.abs(value - expected[channel]) < 3);
});
