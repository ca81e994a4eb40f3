import { assert, assertEquals } from "@std/assert";
import sharp from "sharp";
import { TemporaryFolder } from "../../engine/storage/testdata.ts";
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

Deno.test("chartPng() says where there is no font for text, and what helps", async () => {
  const without = await chartPng(SVG, { canDrawText: () => Promise.resolve(false) });
  assertEquals(without.notices.length, 1);
  assert(without.notices[0].includes("install one"), without.notices[0]);
  const { notices } = await chartPng(SVG, { canDrawText: () => Promise.resolve(true) });
  assertEquals(notices, []);
});

/** What a process of its own says of text, with these variables. */
async function askProcess(env: Record<string, string>): Promise<string> {
  const module = new URL("../../../jobs/charts/png.ts", import.meta.url);
  const program = `console.log(await (await import("${module}")).canDrawText())`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", program],
    env,
  }).output();
  const decoder = new TextDecoder();
  return (decoder.decode(stdout) || decoder.decode(stderr)).trim();
}

Deno.test({
  name: "canDrawText() tells letters from the boxes that are drawn where there is no font",
  ignore: Deno.build.os !== "linux", // the variable is fontconfig's
  async fn() {
    using folder = new TemporaryFolder();
    const config = folder.file("fonts.conf");
    Deno.writeTextFileSync(config, `<fontconfig><dir>${folder.path}</dir></fontconfig>`);
    assertEquals(await askProcess({ FONTCONFIG_FILE: config }), "false");
    assertEquals(await askProcess({}), String(await canDrawText()));
  },
});
