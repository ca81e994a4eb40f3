import { assertEquals, assertLessOrEqual } from "@std/assert";
import { gaussianBlur, motionBlur, motionLine } from "../../../engine/images/_filter.ts";
import { changePixels } from "../../../engine/images/augment.ts";
import { assertShare, counts, OPENCV, plain, rgb } from "./_augment.ts";
import { assertPixels, bytesOf } from "./_images.ts";

Deno.test("Gaussian blurs make the pixels that OpenCV makes", () => {
  for (const { size, sigma, data } of OPENCV.gaussian_blur) {
    assertPixels(gaussianBlur(rgb, size, sigma).data, bytesOf(data), `${size}, ${sigma}`);
  }
});

Deno.test("motion blurs make the pixels that OpenCV makes", () => {
  for (const { points, data, ...motion } of OPENCV.motion_blur) {
    const line = motionLine(motion);
    assertEquals(line.length, points);
    assertPixels(motionBlur(rgb, line).data, bytesOf(data), JSON.stringify(motion));
  }
});

/** A white pixel in black: what a filter spreads it over. */
const dot = plain(15, 15, 0);
dot.data[7 * 15 + 7] = 255;

/** Rows that are not black. */
function spread(data: Uint8Array): number {
  return [...Array(15).keys()].filter((y) => data.subarray(y * 15, y * 15 + 15).some(Boolean))
    .length;
}

Deno.test("gaussian_blur draws sizes evenly, even ones get a pixel more", () => {
  const draw = (size: readonly [number, number]) =>
    counts((random) => {
      const step = { op: "gaussian_blur", size, sigma: [2.5, 3] } as const;
      return spread(changePixels(dot, step, random).data);
    });
  const small = draw([3, 5]);
  assertShare(small.get(3), 1 / 3);
  assertShare(small.get(5), 2 / 3);
  const large = draw([3, 7]);
  assertShare(large.get(3), 1 / 5);
  assertShare(large.get(5), 2 / 5);
  assertShare(large.get(7), 2 / 5);
});

Deno.test("gaussian_blur draws its deviation evenly", () => {
  const middles = counts((random) => {
    const step = { op: "gaussian_blur", size: [3, 3], sigma: [0.5, 3] } as const;
    return changePixels(dot, step, random).data[7 * 15 + 7] > gaussianBlur(dot, 3, 1.75).data[112];
  });
  assertShare(middles.get(true), 1 / 2);
});

Deno.test("motion_blur keeps to its lengths, and draws lines of all directions", () => {
  const made = counts((random) => {
    const { data } = changePixels(dot, { op: "motion_blur", size: [3, 7] }, random);
    const sum = data.reduce((all, value) => all + value, 0);
    assertLessOrEqual(Math.abs(sum - 255), 4);
    const columns = [...data.keys()].filter((i) => data[i] > 0).map((i) => i % 15);
    const wide = Math.max(...columns) - Math.min(...columns) + 1;
    const high = spread(data);
    assertLessOrEqual(Math.max(wide, high), 7);
    return wide === high ? "neither" : wide > high ? "wide" : "high";
  });
  const [wide, high] = [made.get("wide") ?? 0, made.get("high") ?? 0];
  assertShare(wide + (made.get("neither") ?? 0) / 2, 1 / 2);
  assertShare(high + (made.get("neither") ?? 0) / 2, 1 / 2);
});
