import { assertEquals } from "@std/assert";
import { randAugmentSteps } from "../../../plugins/policy/_training.ts";
import { randaugment448 } from "../../../plugins/policy/randaugment_448.ts";
import { assertFlips, transformOf } from "./_cases.ts";

Deno.test("randaugment_448 is GloViTa's for ImageNet: resized crop, flip, two operations", () => {
  const transform = transformOf(randaugment448, { preprocessing: { channels: 3 } });
  assertEquals(transform.size, [448, 448]);
  assertEquals(transform.operations[0], {
    op: "random_resized_crop",
    size: [448, 448],
    area: [0.08, 1],
    ratio: [3 / 4, 4 / 3],
    interpolation: "bilinear",
  });
  assertFlips(transform, { horizontal: 0.5 });
  assertEquals(transform.operations.slice(2, -1), [...randAugmentSteps()]);
});

Deno.test("randaugment_448 takes the size of data, then that of the encoder", () => {
  const preprocessing = { channels: 3, imageSize: [64, 48] } as const;
  assertEquals(transformOf(randaugment448, { preprocessing }).size, [64, 48]);
  assertEquals(transformOf(randaugment448, { preprocessing, imageSize: 96 }).size, [96, 96]);
});
