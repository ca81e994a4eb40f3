import { assertEquals } from "@std/assert";
import { stratifiedDraw } from "../../../engine/data/stratified_draw.ts";
import drawn from "../../testdata/draws/draws.json" with { type: "json" };

/** Classes written as digits. */
function classes(text: string): Int32Array {
  return Int32Array.from(text, Number);
}

Deno.test("stratifiedDraw() draws what scikit-learn draws", () => {
  for (const { labels, fraction, drawn: expected } of drawn.cases) {
    const found = stratifiedDraw(classes(labels), fraction, 42);
    assertEquals([...found!], expected, `${fraction} of ${labels.length}`);
  }
});

Deno.test("stratifiedDraw() draws other samples with another seed", () => {
  const labels = classes("01".repeat(50));
  const draws = [1, 2].map((seed) => String(stratifiedDraw(labels, 0.1, seed)));
  assertEquals(draws[0] === draws[1], false);
});

Deno.test("stratifiedDraw() draws nothing where scikit-learn refuses", () => {
  assertEquals(stratifiedDraw(classes("00001"), 0.5, 42), undefined); // a class of one sample
  assertEquals(stratifiedDraw(classes("0011"), 0.25, 42), undefined); // fewer than the classes
  assertEquals(stratifiedDraw(classes("0011"), 1, 42), undefined); // nothing is left
});
