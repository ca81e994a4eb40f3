import { assertEquals } from "@std/assert";
import { normalizeImage } from "../../../engine/images/normalize.ts";

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
