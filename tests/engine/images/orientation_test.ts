import { assertEquals } from "@std/assert";
import { swapsSides, turnUpright } from "../../../engine/images/orientation.ts";

// 1 2 3
// 4 5 6
const stored = { width: 3, height: 2, channels: 1, data: new Uint8Array([1, 2, 3, 4, 5, 6]) };
const TURNED: Readonly<Record<number, string>> = {
  1: "123 456",
  2: "321 654",
  3: "654 321",
  4: "456 123",
  5: "14 25 36",
  6: "41 52 63",
  7: "63 52 41",
  8: "36 25 14",
};

Deno.test("turnUpright() turns and mirrors as EXIF numbers it", () => {
  for (const [orientation, expected] of Object.entries(TURNED)) {
    const { width, height, data } = turnUpright(stored, Number(orientation));
    const rows = Array.from(
      { length: height },
      (_, y) => data.subarray(y * width, (y + 1) * width).join(""),
    );
    assertEquals(rows.join(" "), expected, orientation);
    assertEquals([width, height], swapsSides(Number(orientation)) ? [2, 3] : [3, 2]);
  }
});

Deno.test("turnUpright() keeps pixels together, and leaves what it does not know", () => {
  const colors = { width: 1, height: 2, channels: 3, data: new Uint8Array([1, 2, 3, 4, 5, 6]) };
  assertEquals([...turnUpright(colors, 3).data], [4, 5, 6, 1, 2, 3]);
  for (const orientation of [0, 1, 9]) assertEquals(turnUpright(stored, orientation), stored);
});
