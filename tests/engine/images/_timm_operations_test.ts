import { assertEquals } from "@std/assert";
import { changePixels } from "../../../engine/images/augment.ts";
import { Random } from "../../../engine/random.ts";
import { assertShare, counts, plain, rgb, TIMM } from "./_augment.ts";
import { assertPixels, bytesOf } from "./_images.ts";

Deno.test("operations of timm make the pixels that timm makes, whatever the sign", () => {
  const groups = Map.groupBy(TIMM.cases, ({ name, magnitude }) => `${name} ${magnitude}`);
  assertEquals(new Set(TIMM.cases.map(({ name }) => name)).size, 15);
  for (const [title, cases] of groups) {
    const [{ name, magnitude }] = cases;
    const step = { op: "timm_operation", name, magnitude, deviation: 0, fill: TIMM.fill } as const;
    const met = cases.map(() => 0);
    for (let seed = 0; seed < 16; seed++) {
      const { data } = changePixels(rgb, step, new Random(seed));
      const found = cases.findIndex((one) => bytesOf(one.data).every((v, i) => v === data[i]));
      if (found < 0) assertPixels(data, bytesOf(cases[0].data), title);
      met[found]++;
    }
    assertEquals(met.filter((count) => count > 0).length, cases.length, title);
  }
});

Deno.test("magnitudes of timm's operations are normal, cut off at 10", () => {
  const bright = counts((random) => {
    const step = {
      ...{ op: "timm_operation", name: "brightness" } as const,
      ...{ magnitude: 9, deviation: 0.5, fill: [0] },
    };
    return changePixels(plain(1, 1, 100), step, random).data[0];
  });
  // A factor of 0.18 m + 0.1: 172 at the mean, 190 at 10, where the highest 2.3 % are.
  const share = (wanted: (value: number) => boolean) =>
    [...bright].filter(([value]) => wanted(value)).reduce((sum, [, count]) => sum + count, 0);
  assertShare(share((value) => value >= 190), 0.0228);
  assertShare(share((value) => value < 172), 0.5);
  assertShare(share((value) => value < 163), 0.1587); // 9 - 0.5
  assertEquals(Math.max(...bright.keys()), 190);
});
