import { assert, assertEquals } from "@std/assert";
import { type Figure, figureImage } from "../../../../jobs/report/figures/figure.ts";

const figure: Figure = {
  id: "bars",
  title: "Slides by class",
  description: "12 benign slides.",
  half: false,
  spec: (width) => ({
    width,
    data: { values: [{ slides: 12 }] },
    mark: "bar",
    encoding: { x: { field: "slides", type: "quantitative" } },
  }),
  table: { columns: ["class", "slides"], rows: [["benign", 12]] },
};

Deno.test("figureImage() writes SVG with a title, and PNG of twice its size", async () => {
  const svg = new TextDecoder().decode((await figureImage(figure, "svg")).bytes);
  assertEquals(svg.match(/Slides by class/g)!.length >= 2, true);
  const { bytes } = await figureImage(figure, "png");
  const [, width] = /width="(\d+)"/.exec(svg)!;
  const png = new DataView(bytes.buffer, bytes.byteOffset);
  assert(Math.abs(png.getUint32(16) - 2 * Number(width)) <= 2);
});
