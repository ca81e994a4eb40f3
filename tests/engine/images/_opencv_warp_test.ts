import { affine, rotateMirrored } from "../../../engine/images/_opencv_warp.ts";
import { changePixels } from "../../../engine/images/augment.ts";
import { assert, assertEquals } from "@std/assert";
import { assertShare, counts, grey, OPENCV, plain, rgb } from "./_augment.ts";
import { assertPixels, bytesOf } from "./_images.ts";

Deno.test("rotations make the pixels that OpenCV makes, the border mirrored with its edge", () => {
  for (const { degrees, data } of OPENCV.rotated) {
    assertPixels(rotateMirrored(rgb, degrees).data, bytesOf(data), `${degrees}°`);
  }
});

Deno.test("affine maps make the pixels that OpenCV makes, with each border", () => {
  for (const { border, data, ...change } of OPENCV.affine) {
    assertPixels(affine(rgb, change, border).data, bytesOf(data), JSON.stringify(change));
  }
});

Deno.test("a pixel wide image is mirrored too", () => {
  const line = plain(3, 1, 7);
  const change = { scale: [1, 1], shear: [0, 0], shift: [2, 5] } as const;
  for (const border of ["edge_once", "edge_twice"] as const) {
    assertEquals(affine(line, change, border).data, line.data);
  }
});

Deno.test("affine draws whole shifts of each axis evenly", () => {
  const step = {
    op: "affine",
    scale: [1, 1],
    shear: 0,
    shift: 0.5,
    border: "black",
  } as const;
  const data = new Uint8Array(25);
  data[12] = 200; // the middle of 5 by 5
  const image = { height: 5, width: 5, channels: 1, data };
  const places = counts((random) => changePixels(image, step, random).data.indexOf(200));
  // 2.5 pixels either way, cut off: -2 to 2, of which 0 comes from twice as much.
  const shares = [0.1, 0.2, 0.4, 0.2, 0.1];
  assertEquals(places.size, 25);
  for (const [place, count] of places) {
    assertShare(count, shares[place % 5] * shares[Math.floor(place / 5)]);
  }
});

Deno.test("affine draws scale and shear of each axis by itself", () => {
  const step = { op: "affine", scale: [0.5, 2], shear: 0, shift: 0, border: "black" } as const;
  const made = counts((random) => {
    const { data, width } = changePixels(plain(21, 21, 99), step, random);
    const across = data.subarray(10 * width, 11 * width).some((value) => value < 50);
    const down = data.filter((_, i) => i % width === 10).some((value) => value < 50);
    return `${across} ${down}`;
  });
  assertEquals(made.size, 4); // smaller or not, across and down
  const small = [...made].filter(([key]) => key.startsWith("true"));
  assertShare(small.reduce((sum, [, count]) => sum + count, 0), 1 / 3 - 0.05);
  const sheared = counts((random) => {
    const shear = { ...step, scale: [1, 1], shear: 8 } as const;
    return changePixels(grey, shear, random).data.every((value, i) => value === grey.data[i]);
  });
  assert((sheared.get(true) ?? 0) < 20);
});
