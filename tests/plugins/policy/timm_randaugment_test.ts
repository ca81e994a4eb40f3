import { assert, assertEquals } from "@std/assert";
import { changePixels } from "../../../engine/images/augment.ts";
import { isRandom } from "../../../engine/images/transform.ts";
import { Random } from "../../../engine/random.ts";
import { timmRandaugment } from "../../../plugins/policy/timm_randaugment.ts";
import { assertFlips, assertShare, assertTaken, DRAWS, transformOf } from "./_cases.ts";

const transform = transformOf(timmRandaugment, { preprocessing: { channels: 3 } });

Deno.test("timm_randaugment is timm's transform for training, at 448 pixels", () => {
  const { size, operations } = transform;
  assertEquals(size, [448, 448]);
  assertEquals(operations[0], {
    op: "random_resized_crop",
    size: [448, 448],
    area: [0.08, 1],
    ratio: [3 / 4, 4 / 3],
    interpolation: "bicubic",
  });
  assertEquals(operations.at(-1), {
    op: "normalize",
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    erase: { probability: 0.25, area: [0.02, 1 / 3], ratio: [0.3, 1 / 0.3] },
  });
  assert(isRandom({ channels: 3, operations: operations.slice(-1) }));
  assertFlips(transform, { horizontal: 0.5 });
});

Deno.test("timm_randaugment takes two of 15 operations, each for half of the images", () => {
  assertTaken(transform, [0.5, 0.5, 0.5]);
  const [first, second] = transform.operations.slice(2, 4);
  assertEquals(first, second);
  assert(first.op === "random_apply");
  const [choice] = first.operations;
  assert(choice.op === "one_of");
  assertEquals(choice.choices.length, 15);
  const fill = [124, 116, 104]; // 255 times the mean, as timm rounds it
  assertEquals(choice.choices[3], [
    { op: "timm_operation", name: "rotate", magnitude: 9, deviation: 0.5, fill },
  ]);
  const black = { height: 1, width: 1, channels: 3, data: new Uint8Array(3) };
  let inverted = 0; // of all operations, invert alone makes white of black
  for (let seed = 0; seed < DRAWS; seed++) {
    if (changePixels(black, first, new Random(seed)).data[0] === 255) inverted++;
  }
  assertShare(inverted, 1 / 30);
});

Deno.test("timm_randaugment takes mean and size from the encoder", () => {
  const preprocessing = {
    channels: 1,
    imageSize: [32, 48],
    mean: [0.5],
    std: [1],
    interpolation: "bilinear",
  } as const;
  const { size, operations } = transformOf(timmRandaugment, { preprocessing });
  assertEquals(size, [32, 48]);
  assertEquals(JSON.stringify(operations[2]).match(/"fill":\[128\]/g)?.length, 15);
  assert(operations[0].op === "random_resized_crop");
  assertEquals(operations[0].interpolation, "bicubic");
});
