import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { TopLevelSpec } from "vega-lite";
import { chartSvg, escapeXml } from "../../../jobs/charts/svg.ts";

const BARS: TopLevelSpec = {
  data: { values: [{ class: "a", slides: 12 }, { class: "b & c", slides: 7 }] },
  mark: "bar",
  encoding: {
    x: { field: "class", type: "nominal" },
    y: { field: "slides", type: "quantitative", title: "slides" },
  },
};

Deno.test("chartSvg() draws text as text, on white, with what the chart says in words", async () => {
  const svg = await chartSvg(BARS, { title: "Slides <by> class", description: "12 and 7." });
  const head =
    /^<svg [^>]*role="img"><title>Slides &lt;by&gt; class<\/title><desc>12 and 7.<\/desc>/;
  assert(head.test(svg), svg.slice(0, 300));
  assertStringIncludes(svg, 'fill="#ffffff"');
  assertStringIncludes(svg, ">b &amp; c</text>");
  assertEquals(svg.match(/aria-roledescription="bar"/g)?.length, 2);
});

Deno.test("chartSvg() leaves the background to a page", async () => {
  const svg = await chartSvg(BARS, { title: "t", description: "d", transparent: true });
  assertEquals(svg.includes('fill="#ffffff"'), false);
});

Deno.test("chartSvg() throws what Vega would only warn of", async () => {
  const wrong: TopLevelSpec = {
    ...BARS,
    encoding: {
      x: { field: "class", type: "nominal" },
      ...{
        size: { field: "slides", type: "nominal" },
      },
    },
    mark: "line",
  };
  await assertRejects(
    () => chartSvg(wrong, { title: "odd", description: "" }),
    Error,
    'Cannot draw "odd": ',
  );
});

Deno.test("escapeXml() leaves nothing that XML takes for its own, or does not have", () => {
  assertEquals(escapeXml(`<a b="c" d='e'>&`), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
  assertEquals(escapeXml("a\0b\x1bc\ud800d\n"), "a\ufffdb\ufffdc\ufffdd\n");
});
