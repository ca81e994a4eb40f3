import { assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import { erasedPart } from "../../../engine/images/_cover.ts";
import { changePixels } from "../../../engine/images/augment.ts";
import { Random } from "../../../engine/random.ts";
import { assertShare, counts, plain } from "./_augment.ts";

Deno.test("holes draws number, sides and places evenly", () => {
  const step = { op: "holes", count: [1, 1], side: [0.2, 0.4] } as const;
  const one = counts((random) => {
    const { data, width } = changePixels(plain(10, 10, 9), step, random);
    const black = [...data.keys()].filter((i) => data[i] === 0);
    const columns = new Set(black.map((i) => i % width)).size;
    assertEquals(black.length % columns, 0);
    return `${columns} ${black.length / columns}`;
  });
  // 2 to 4 pixels, cut off; 4 itself is never reached.
  for (const sides of ["2 2", "2 3", "3 2", "3 3"]) assertShare(one.get(sides), 1 / 4);
  const corner = counts((random) => changePixels(plain(10, 10, 9), step, random).data[0]);
  assertShare(corner.get(0), (1 / 9 + 1 / 8) ** 2 / 4);
  const many = { op: "holes", count: [1, 6], side: [0, 0.001] } as const;
  assertEquals(changePixels(plain(4, 4, 9), many, new Random(1)).data, plain(4, 4, 9).data);
});

Deno.test("holes are as many as drawn", () => {
  const step = { op: "holes", count: [1, 6], side: [0.0101, 0.0101] } as const;
  const image = plain(100, 100, 9);
  const holes = counts((random) => {
    return changePixels(image, step, random).data.reduce((sum, v) => sum + (v === 0 ? 1 : 0), 0);
  });
  assertEquals([...holes.keys()].sort(), [1, 2, 3, 4, 5, 6]);
  for (const count of holes.values()) assertShare(count, 1 / 6);
});

Deno.test("erasedPart() is timm's: areas even, places even, smaller than the image", () => {
  const range = { area: [0.02, 1 / 3], ratio: [0.3, 1 / 0.3] } as const;
  const size = { height: 64, width: 48 };
  const areas = counts((random) => {
    const part = erasedPart(size, range, random)!;
    assertLess(part.height, size.height);
    assertLess(part.width, size.width);
    assertLessOrEqual(part.top + part.height, size.height);
    assertLessOrEqual(part.left + part.width, size.width);
    return part.height * part.width < 64 * 48 * (0.02 + 1 / 3) / 2;
  });
  // What does not fit is drawn again, which is rarer for small areas.
  assertLessOrEqual(Math.abs((areas.get(true) ?? 0) / 2000 - 0.52), 0.05);
  assertEquals(erasedPart({ height: 1, width: 1 }, range, new Random(0))?.height ?? 0, 0);
});
