import { assert, assertEquals } from "@std/assert";
import { umapPage } from "../../../jobs/plot_umap/page.ts";

const chart = {
  title: "<Digits> & co",
  subtitle: "n=2 classes=2",
  description: "Two samples.",
  groups: [
    { name: "</script>", color: "#0072b2", size: 1200 },
    { name: "b", color: "#e69f00", size: 1 },
  ],
  points: [
    { x: 0, y: 0, group: "</script>", id: "</script><b>", facts: ["label </script>"] },
    { x: 1, y: 1, group: "b", id: "s2", facts: ["label b"] },
  ],
  labelled: true,
};
const page = umapPage(chart, '<svg xmlns="http://www.w3.org/2000/svg"></svg>');

Deno.test("umapPage() lets names of a file neither end an element nor begin one", () => {
  assertEquals(page.match(/<script/g)?.length, 2);
  assertEquals(page.match(/<\/script>/g)?.length, 2);
  assert(page.includes("<title>&lt;Digits&gt; &amp; co</title>"));
  assertEquals(page.includes("<b>"), false);
});

Deno.test("umapPage() says of each point what it is, in the order of the points", () => {
  const [, json] = /<script id="data" type="application\/json">(.*)<\/script>/.exec(page)!;
  assertEquals(JSON.parse(json), [["</script><b>", "label </script>"], ["s2", "label b"]]);
  assert(page.includes("<td>1,200</td>"));
});

Deno.test("umapPage() takes nothing from a network: no address but the namespace of SVG", () => {
  const addresses = page.match(/https?:[^"' )]*|(src|href)=|url\(/g) ?? [];
  assertEquals(addresses.filter((address) => address !== "http://www.w3.org/2000/svg"), []);
  assert(page.includes("default-src 'none'"));
});
