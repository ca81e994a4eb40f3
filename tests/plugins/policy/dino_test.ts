import { assertEquals } from "@std/assert";
import { dino } from "../../../plugins/policy/dino.ts";
import { randAugmentSteps } from "../../../plugins/policy/_training.ts";
import { assertFlips, assertTaken, transformOf } from "./_cases.ts";

const context = { preprocessing: { channels: 3 } } as const;
const normalize = {
  op: "normalize",
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
} as const;

Deno.test("dino trains on squares with a flip and RandAugment, and evaluates on the squares", () => {
  const resize = { op: "resize", size: [224, 224], interpolation: "bilinear" } as const;
  const train = transformOf(dino, { ...context, use: "train" });
  assertEquals(train.operations.slice(2), [...randAugmentSteps(), normalize]);
  assertEquals(train.operations[0], resize);
  assertFlips(train, { horizontal: 0.5 });
  assertTaken(train, [0.5, 0.5, 0.5]);
  assertEquals(transformOf(dino, { ...context, use: "test" }), {
    channels: 3,
    size: [224, 224],
    operations: [resize, normalize],
  });
});

Deno.test("dino takes sizes and numbers of the encoder, before them those of data", () => {
  const preprocessing = {
    channels: 3,
    imageSize: [96, 96],
    mean: [0.5, 0.5, 0.5],
    std: [0.25, 0.25, 0.25],
    interpolation: "bicubic",
  } as const;
  const use = "test";
  assertEquals(transformOf(dino, { preprocessing, use }).operations, [
    { op: "resize", size: [96, 96], interpolation: "bicubic" },
    { op: "normalize", mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  ]);
  const given = transformOf(dino, { preprocessing, use, imageSize: 64, mean: [0] });
  assertEquals(given.size, [64, 64]);
  assertEquals(given.operations[1], {
    op: "normalize",
    mean: [0, 0, 0],
    std: [0.25, 0.25, 0.25],
  });
});

Deno.test("dino enlarges CIFAR for an encoder without trained weights", () => {
  const preprocessing = { channels: 3, imageSize: [32, 32], nominalSize: [224, 224] } as const;
  assertEquals(transformOf(dino, { preprocessing, use: "test" }).size, [224, 224]);
});
