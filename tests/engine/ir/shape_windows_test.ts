import { assertEquals, assertThrows } from "@std/assert";
import { input } from "../../../engine/ir/create.ts";
import type { Shape } from "../../../engine/ir/types.ts";
import { averagePool, conv, convTranspose, maxPool } from "../../../engine/ir/windows.ts";

const f = (...shape: Shape) => input("x", "float32", shape);

Deno.test("the batch of windows' results may be a symbol", () => {
  const x = f("batch", 4, 9, 7);
  const shapes = [
    [conv(x, f(6, 2, 3, 3), { groups: 2, stride: 2 }), ["batch", 6, 4, 3]],
    [convTranspose(x, f(4, 3, 3, 3), { groups: 2, stride: 2 }), ["batch", 6, 19, 15]],
    [maxPool(x, 3, { stride: 2, padding: 1 }), ["batch", 4, 5, 4]],
    [averagePool(x, 2, { ceilMode: true }), ["batch", 4, 5, 4]],
  ] as const;
  for (const [tensor, expected] of shapes) assertEquals(tensor.shape, expected);
});

const refusals: Record<string, () => unknown> = {
  "Cannot apply Conv: expected four axes, known but for the first, received [2, 3]": () =>
    conv(f(2, 3), f(1, 3, 1, 1)),
  "Cannot apply Conv: expected four axes, known but for the first, received [1, 3, height, 4]":
    () => conv(f(1, 3, "height", 4), f(1, 3, 1, 1)),
  "Cannot apply Conv: 4 channels and weights for 3 in 1 groups differ": () =>
    conv(f(1, 4, 5, 5), f(2, 3, 1, 1)),
  "Cannot apply Conv: 3 outputs do not divide into 2 groups": () =>
    conv(f(1, 4, 5, 5), f(3, 2, 1, 1), { groups: 2 }),
  "Cannot apply Conv: bias [3] does not fit 2 outputs": () =>
    conv(f(1, 4, 5, 5), f(2, 4, 1, 1), { bias: f(3) }),
  "Cannot apply Conv: the window is larger than [1, 4, 5, 5]": () =>
    conv(f(1, 4, 5, 5), f(2, 4, 7, 7)),
  "Cannot apply Conv: expected float32, received int64": () =>
    conv(f(1, 4, 5, 5), input("w", "int64", [2, 4, 1, 1])),
  "Cannot apply ConvTranspose: 4 channels and weights for 3 in 1 groups differ": () =>
    convTranspose(f(1, 4, 5, 5), f(3, 2, 1, 1)),
  "Cannot apply ConvTranspose: 5 channels and weights for 5 in 2 groups differ": () =>
    convTranspose(f(1, 5, 5, 5), f(5, 2, 1, 1), { groups: 2 }),
  "Cannot apply MaxPool: the window is larger than [1, 1, 2, 2]": () => maxPool(f(1, 1, 2, 2), 3),
  "Cannot apply AveragePool: expected four axes, known but for the first, received [2, 2]": () =>
    averagePool(f(2, 2), 2),
};

for (const [message, of] of Object.entries(refusals)) {
  Deno.test(message, () => {
    assertThrows(of, TypeError, message);
  });
}
