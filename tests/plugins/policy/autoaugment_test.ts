import { assert, assertEquals } from "@std/assert";
import { transformImage } from "../../../engine/images/transform.ts";
import { Random } from "../../../engine/random.ts";
import { autoaugment } from "../../../plugins/policy/autoaugment.ts";
import { baselineCutout } from "../../../plugins/policy/baseline_cutout.ts";
import { assertShare, DRAWS, transformOf } from "./_cases.ts";

const context = { preprocessing: { channels: 3 }, cutoutSize: 10 };
const { operations } = transformOf(autoaugment, context);

Deno.test("autoaugment is baseline_cutout with one of 25 pairs after the flip", () => {
  const plain = transformOf(baselineCutout, context).operations;
  assertEquals(operations.toSpliced(3, 1), [...plain]);
  const [step] = operations.slice(3);
  assert(step.op === "one_of");
  assertEquals(step.choices.length, 25);
  assert(step.choices.every((pair) => pair.length === 2));
  assertEquals(step.choices[2], [
    {
      op: "random_apply",
      probability: 0.8,
      operations: [{ op: "auto_operation", name: "sharpness", index: 1 }],
    },
    {
      op: "random_apply",
      probability: 0.9,
      operations: [{ op: "auto_operation", name: "sharpness", index: 3 }],
    },
  ]);
});

Deno.test("autoaugment leaves as many images alone as its shares say", () => {
  const [step] = operations.slice(3);
  assert(step.op === "one_of");
  const alone = step.choices.map((pair) =>
    pair.reduce((share, one) => one.op === "random_apply" ? share * (1 - one.probability) : NaN, 1)
  );
  const data = Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => (i * i * 7) % 240 + 5);
  const image = { height: 8, width: 8, channels: 3, data };
  let none = 0;
  for (let seed = 0; seed < DRAWS; seed++) {
    const made = transformImage(image, { channels: 3, operations: [step] }, new Random(seed));
    if (made === image) none++;
  }
  assertShare(none, alone.reduce((sum, share) => sum + share, 0) / 25);
});

Deno.test("autoaugment of ImageNet is a resized crop, a flip and one of its 25 pairs", () => {
  const { size, operations } = transformOf(autoaugment, {
    preprocessing: { channels: 3 },
    dataset: "imagenet",
  });
  assertEquals(size, [224, 224]);
  assertEquals(operations.map(({ op }) => op), [
    "random_resized_crop",
    "random_apply",
    "one_of",
    "normalize",
  ]);
  const [, , step] = operations;
  assert(step.op === "one_of");
  const pairs = step.choices.map((pair) => JSON.stringify(pair));
  assertEquals([pairs.length, new Set(pairs).size], [25, 20]); // five of them stand there twice
  assertEquals(step.choices[17], [
    {
      op: "random_apply",
      probability: 0.4,
      operations: [{ op: "auto_operation", name: "sharpness", index: 7 }],
    },
    {
      op: "random_apply",
      probability: 0.6,
      operations: [{ op: "auto_operation", name: "invert", index: 0 }],
    },
  ]);
});

Deno.test("autoaugment of ImageNet takes pairs equally often", () => {
  const { operations: [, , step] } = transformOf(autoaugment, {
    preprocessing: { channels: 3 },
    dataset: "imagenet",
  });
  assert(step.op === "one_of");
  const red = { height: 1, width: 1, channels: 3, data: new Uint8Array([200, 0, 0]) };
  const inverted = [55, 255, 255];
  let count = 0;
  for (let seed = 0; seed < DRAWS; seed++) {
    const { data } = transformImage(red, { channels: 3, operations: [step] }, new Random(seed));
    if (inverted.every((value, i) => data[i] === value)) count++;
  }
  // Two pairs with a share of 0.6, one more after a sharpness that keeps single pixels.
  assertShare(count, 3 / 25 * 0.6);
});
