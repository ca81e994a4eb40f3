import { assertEquals } from "@std/assert";
import { INTERPOLATIONS } from "../../../engine/images/preprocessing.ts";
import { resample } from "../../../engine/images/resample.ts";
import { EXPECTED, expectedImage } from "./_images.ts";

Deno.test("INTERPOLATIONS can all be computed, and PIL's results are known for each", () => {
  const image = expectedImage("rgb.png");
  for (const interpolation of INTERPOLATIONS) {
    const { height, width } = resample(image, { size: [3, 5], interpolation });
    assertEquals([height, width], [3, 5], interpolation);
  }
  const compared = new Set(EXPECTED.resized.map(({ interpolation }) => interpolation));
  assertEquals([...compared].sort(), [...INTERPOLATIONS].sort());
});
