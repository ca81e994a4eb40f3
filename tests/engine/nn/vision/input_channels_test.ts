import { assertEquals } from "@std/assert";
import { adaptInputChannels } from "../../../../engine/nn/vision/input_channels.ts";

// Two outputs, three colours, kernels of 1 × 2.
const kernel = {
  shape: [2, 3, 1, 2],
  data: Float32Array.of(1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60),
};

Deno.test("adaptInputChannels() sums colours to grey", () => {
  const { shape, data } = adaptInputChannels(kernel, 1);
  assertEquals([shape, [...data]], [[2, 1, 1, 2], [9, 12, 90, 120]]);
});

Deno.test("adaptInputChannels() repeats colours and keeps their weight", () => {
  const two = adaptInputChannels(kernel, 2);
  assertEquals([two.shape, [...two.data]], [[2, 2, 1, 2], [1.5, 3, 4.5, 6, 15, 30, 45, 60]]);
  const five = adaptInputChannels({ shape: [1, 3, 1, 1], data: Float32Array.of(5, 10, 15) }, 5);
  assertEquals([five.shape, [...five.data]], [[1, 5, 1, 1], [3, 6, 9, 3, 6]]);
});
