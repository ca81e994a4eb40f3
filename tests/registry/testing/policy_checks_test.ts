import * as v from "valibot";
import type { ImageOperation, Plugin, PolicyContext } from "../../../registry/plugin.ts";
import { assertFails, plain } from "./_broken.ts";

const PLAIN = "gives plain data that crosses threads";
const CHANNELS = "gives the channels that the encoder expects";
const SIZE = "gives images of the size that it announces";

function squash({ preprocessing }: PolicyContext) {
  const { channels, imageSize: size = [20, 20] } = preprocessing;
  const { mean = Array(channels).fill(0.5), std = Array(channels).fill(0.5) } = preprocessing;
  const operations: ImageOperation[] = [
    { op: "resize", size, interpolation: "bilinear" },
    { op: "normalize", mean, std },
  ];
  return { channels, size, operations };
}

Deno.test("policyChecks accept a policy that squashes, and one that crops", async () => {
  await assertFails(plain("policy", (_, context) => squash(context)), {});
  const crop = plain("policy", (_, context) => {
    const { channels, size, operations: [, normalize] } = squash(context);
    const shorter = { op: "resize_shorter", size: 40, interpolation: "bicubic" } as const;
    return { channels, size, operations: [shorter, { op: "center_crop", size }, normalize] };
  });
  await assertFails(crop, {});
});

Deno.test("policyChecks find transforms that do not cross threads", async () => {
  const calling = plain("policy", (_, context) => {
    const later = () => 1;
    return { ...squash(context), later };
  });
  await assertFails(calling, { [PLAIN]: /could not be cloned/ });
});

Deno.test("policyChecks find transforms for other channels", async () => {
  const coloured = plain("policy", (_, context) => ({ ...squash(context), channels: 3 }));
  await assertFails(coloured, { [CHANNELS]: /^it gives 3 channels, the encoder expects 1$/ });
  const short = plain("policy", (_, context) => {
    const { operations: [resize], ...rest } = squash(context);
    return { ...rest, operations: [resize, { op: "normalize", mean: [0.5], std: [0.5] }] };
  });
  await assertFails(short, { [CHANNELS]: /^it normalizes with 1 means and 1 deviations for 3/ });
  const early = plain("policy", (_, context) => {
    const { operations, ...rest } = squash(context);
    return { ...rest, operations: operations.toReversed() };
  });
  await assertFails(early, { [CHANNELS]: /^it changes images after it has normalized them$/ });
});

Deno.test("policyChecks find transforms whose size is another one", async () => {
  const uncropped = plain("policy", (_, context) => {
    const { channels, size, operations: [, normalize] } = squash(context);
    const shorter = { op: "resize_shorter", size: size[0], interpolation: "bicubic" } as const;
    return { channels, size, operations: [shorter, normalize] };
  });
  await assertFails(uncropped, {
    [SIZE]: /^it makes images of 32×42 of 48×64, announced: 32×32$/,
  });
});

Deno.test("policyChecks read the options of a policy as those of a map", async () => {
  const sized: Plugin<"policy", { readonly side: number; readonly quick: boolean }> = {
    slot: "policy",
    key: "sized",
    description: "a square",
    config: v.strictObject({
      side: v.optional(v.pipe(v.number(), v.description("side of the square")), 8),
      quick: v.optional(v.pipe(v.boolean(), v.description("whether it is quick")), true),
    }),
    create({ side }, { preprocessing }) {
      return squash({ preprocessing: { ...preprocessing, imageSize: [side, side] } });
    },
  };
  await assertFails(sized, {});
  await assertFails(sized, {}, {
    config: { side: 12 },
    context: { preprocessing: { channels: 2 } },
  });
});

Deno.test("policyChecks accept a policy that chooses at random", async () => {
  const random = plain("policy", (_, context) => {
    const { channels, size, operations: [, normalize] } = squash(context);
    const flip = { op: "flip", axis: "horizontal" } as const;
    const operations: ImageOperation[] = [
      { op: "random_resized_crop", size, area: [0.1, 1], ratio: [0.5, 2], interpolation: "box" },
      { op: "random_apply", probability: 0.5, operations: [flip] },
      { op: "cutout", size: 4, fill: Array(channels).fill(7) },
      normalize,
    ];
    return { channels, size, operations };
  });
  await assertFails(random, {});
});

Deno.test("policyChecks find sizes that only some random choices give", async () => {
  const own = plain("policy", (_, context) => {
    const { channels, size, operations: [, normalize] } = squash(context);
    const crop = { op: "random_crop", size: [size[0], size[1] + 1] } as const;
    return { channels, size, operations: [crop, normalize] };
  });
  await assertFails(own, { [SIZE]: /^it makes images of 32×33 of 48×64, announced: 32×32$/ });
});
