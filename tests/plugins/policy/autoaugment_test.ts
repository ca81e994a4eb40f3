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
