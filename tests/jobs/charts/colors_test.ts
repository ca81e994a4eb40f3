import { assert, assertEquals, assertGreater } from "@std/assert";
import { classColors, DISTINCT_COLORS } from "../../../jobs/charts/colors.ts";

/** Relative luminance of `#rrggbb`, as WCAG defines it. */
function luminance(color: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

Deno.test("classColors() gives Okabe and Ito's colours to 8 classes, the same from the first on", () => {
  const all = classColors(DISTINCT_COLORS);
  assertEquals(all.length, 8);
  assertEquals(
    all.toSorted(),
    ["#000000", "#0072b2", "#009e73", "#56b4e9", "#cc79a7", "#d55e00", "#e69f00", "#f0e442"],
  );
  for (let count = 0; count <= all.length; count++) {
    assertEquals(classColors(count), all.slice(0, count));
  }
});

Deno.test("classColors() gives more classes colours of their own, none near white or black", () => {
  for (const count of [9, 10, 40, 100]) {
    const colors = classColors(count);
    assertEquals(new Set(colors).size, count);
    for (const color of colors) {
      assert(/^#[0-9a-f]{6}$/.test(color), color);
      assertGreater(luminance(color), 0.08);
      assertGreater(0.6, luminance(color));
    }
  }
});
