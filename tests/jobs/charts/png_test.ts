import { assert, assertEquals, assertGreater } from "@std/assert";
import sharp from "sharp";
import { canDrawText, chartPng } from "../../../jobs/charts/png.ts";

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="30">' +
  '<rect width="60" height="30" fill="white"/><circle cx="15" cy="15" r="10" fill="#d55e00"/></svg>';

Deno.test("chartPng() draws two pixels for one, or as many per inch as asked for", async () => {
  for (const [dpi, width] of [[undefined, 120], [96, 60], [200, 125]] as const) {
    const { bytes } = await chartPng(SVG, { dpi });
    const image = await sharp(bytes).metadata();
    assertEquals([image.format, image.width, image.density], ["png", width, dpi ?? 192]);
  }
});

Deno.test("chartPng() draws what the SVG says", async () => {
  const { bytes } = await chartPng(SVG, { dpi: 96 });
  const { data, info } = await sharp(bytes).removeAlpha().raw().toBuffer({
    resolveWithObject: true,
  });
  const pixel = (
    x: number,
    y: number,
  ) => [...data.subarray((y * info.width + x) * 3).subarray(0, 3)];
  assertEquals([pixel(15, 15), pixel(45, 15)], [[0xd5, 0x5e, 0], [255, 255, 255]]);
});

Deno.test("chartPng() says where text is missing for want of a font, and what helps", async () => {
  const without = await chartPng(SVG, { canDrawText: () => Promise.resolve(false) });
  assertEquals(without.notices.length, 1);
  assert(without.notices[0].includes("install one"), without.notices[0]);
  const { notices } = await chartPng(SVG, { canDrawText: () => Promise.resolve(true) });
  assertEquals(notices, []);
});

Deno.test("canDrawText() says whether a text leaves ink", async () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="30">' +
    '<text x="2" y="22" font-size="20" font-family="sans-serif">WWW</text></svg>';
  const { channels } = await sharp((await chartPng(svg)).bytes).stats();
  if (await canDrawText()) assertGreater(channels[3].mean, 1);
  else assertEquals(channels[3].max, 0);
});
