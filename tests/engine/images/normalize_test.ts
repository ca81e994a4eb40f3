import { assert, assertEquals, assertLess } from "@std/assert";
import { normalizeImage } from "../../../engine/images/normalize.ts";
import { Random } from "../../../engine/random.ts";
import { assertShare, counts, plain } from "./_augment.ts";

const image = { width: 2, height: 1, channels: 3, data: new Uint8Array([0, 51, 255, 128, 1, 7]) };

Deno.test("normalizeImage() puts channels first and computes in float32", () => {
  const mean = [0.485, 0.456, 0.406];
  const std = [0.229, 0.224, 0.225];
  const numbers = new Float32Array(6);
  normalizeImage(image, { channels: 3, operations: [{ op: "normalize", mean, std }] }, numbers);
  // torch: ((torch.tensor(pixels) / 255) - mean) / std
  assertEquals(
    numbers,
    new Float32Array([
      -2.1179039478302,
      0.07406462728977203,
      -1.1428570747375488,
      -2.018207311630249,
      2.640000104904175,
      -1.6824400424957275,
    ]),
  );
});

Deno.test("normalizeImage() without that step only scales to 1", () => {
  const numbers = new Float32Array(7).fill(9);
  normalizeImage(image, { channels: 3, operations: [] }, numbers);
  const scaled = [0, 128, 51, 1, 255, 7].map((pixel) => pixel / 255);
  assertEquals(numbers, new Float32Array([...scaled, 9]));
});

Deno.test("normalizeImage() puts normal numbers into a rectangle of its share of the images", () => {
  const erase = { probability: 0.25, area: [0.02, 1 / 3], ratio: [0.3, 1 / 0.3] } as const;
  const operations = [{ op: "normalize", mean: [0.5, 0.5], std: [0.25, 0.25], erase }] as const;
  const [side, area] = [24, 24 * 24];
  const black = plain(side, side, 0, 0);
  const all: number[] = [];
  const erased = counts((random) => {
    const numbers = new Float32Array(2 * area);
    normalizeImage(black, { channels: 2, operations }, numbers, random);
    const places = [...numbers.keys()].filter((i) => numbers[i] !== -2);
    if (places.length === 0) return "none";
    const [first, second] = [0, 1].map((i) => places.filter((at) => Math.floor(at / area) === i));
    assertEquals(first, second.map((at) => at - area)); // the same place in both channels
    const columns = new Set(first.map((at) => at % side)).size;
    const rows = new Set(first.map((at) => Math.floor(at / side))).size;
    assertEquals(columns * rows, first.length);
    assert(numbers[first[0]] !== numbers[second[0]]);
    if (all.length < 20_000) all.push(...places.map((at) => numbers[at]));
    return first.length < 0.02 * area - 10 || first.length > area / 3 + 16 ? "wrong" : "some";
  });
  assertShare(erased.get("some"), 0.25);
  assertEquals(erased.get("wrong"), undefined);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  const square = all.reduce((sum, value) => sum + value ** 2, 0) / all.length;
  assertLess(Math.abs(mean), 0.04);
  assertLess(Math.abs(square - 1), 0.06);
});

Deno.test("normalizeImage() leaves an image alone in which no rectangle fits", () => {
  const erase = { probability: 1, area: [1, 1], ratio: [1, 1] } as const;
  const operations = [{ op: "normalize", mean: [0], std: [1], erase }] as const;
  const numbers = new Float32Array(4);
  normalizeImage(plain(2, 2, 255), { channels: 1, operations }, numbers, new Random(1));
  assertEquals(numbers, Float32Array.of(1, 1, 1, 1));
});
