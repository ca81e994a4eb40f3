import { assert, assertEquals } from "@std/assert";
import { transformImage } from "../../../engine/images/transform.ts";
import { Random } from "../../../engine/random.ts";
import { randaugment } from "../../../plugins/policy/randaugment.ts";
import { assertFlips, assertShare, DRAWS, transformOf } from "./_cases.ts";

const preprocessing = { channels: 3, mean: [0.5], std: [0.25] } as const;

Deno.test("randaugment is GloViTa's for CIFAR: crop, flip, two operations, square", () => {
  const { size, operations } = transformOf(randaugment, { preprocessing });
  assertEquals(size, [32, 32]);
  assertEquals(operations[1], { op: "random_crop", size: [32, 32], padding: 4 });
  assertEquals(operations.slice(-3), [
    { op: "cutout", size: 16, fill: [125, 122, 113] },
    { op: "resize", size: [32, 32], interpolation: "bilinear" },
    { op: "normalize", mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  ]);
  assertFlips({ channels: 3, operations: operations.slice(2, 3) }, { horizontal: 0.5 });
});

Deno.test("randaugment takes sizes from data, and gives the encoder's size", () => {
  const context = {
    preprocessing: { channels: 1, imageSize: [64, 64], interpolation: "bicubic" } as const,
    cropSize: 20,
    cutoutSize: 8,
  };
  const { size, operations } = transformOf(randaugment, context);
  assertEquals(size, [64, 64]);
  assertEquals(operations[0], { op: "resize_shorter", size: 20, interpolation: "bicubic" });
  assertEquals(operations.slice(-3, -1), [
    { op: "cutout", size: 8, fill: [122] },
    { op: "resize", size: [64, 64], interpolation: "bicubic" },
  ]);
  assertEquals(transformOf(randaugment, { ...context, imageSize: 32 }).size, [32, 32]);
});

Deno.test("randaugment takes each of its two operations for half of the images", () => {
  const operations = transformOf(randaugment, { preprocessing }).operations.slice(3, 5);
  const data = Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * i * 7) % 240 + 5);
  const image = { height: 32, width: 32, channels: 3, data };
  let none = 0;
  for (let seed = 0; seed < DRAWS; seed++) {
    const made = transformImage(image, { channels: 3, operations }, new Random(seed));
    if (made === image) none++;
  }
  assertShare(none, 0.25);
});

Deno.test("randaugment draws its 15 operations equally often", () => {
  const [step] = transformOf(randaugment, { preprocessing }).operations.slice(3);
  assert(step.op === "random_apply" && step.operations[0].op === "one_of");
  const { choices } = step.operations[0];
  const names = choices.map(([choice]) => choice.op === "auto_operation" && choice.name);
  assertEquals(new Set(names).size, 15);
  assert(
    choices.every(([choice]) => choice.op === "auto_operation" && `${choice.index}` === "1,9"),
  );
});
