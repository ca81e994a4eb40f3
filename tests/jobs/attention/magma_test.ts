import { assert, assertEquals } from "@std/assert";
import { loadMagma } from "../../../jobs/attention/magma.ts";

Deno.test("loadMagma() gets lighter with every percentile, and stays within its ends", async () => {
  const colorOf = await loadMagma();
  const light = (percentile: number) => {
    const [red, green, blue] = colorOf(percentile);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  for (let at = 1; at <= 100; at++) assert(light(at) > light(at - 1), String(at));
  assertEquals([colorOf(-5), colorOf(500)], [colorOf(0), colorOf(100)]);
});
