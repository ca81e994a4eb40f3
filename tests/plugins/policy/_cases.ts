/** Policies with given options, and what they get besides. */
import { assert, assertEquals } from "@std/assert";
import * as v from "valibot";
import { changePixels } from "../../../engine/images/augment.ts";
import { type ImageTransform, transformImage } from "../../../engine/images/transform.ts";
import { Random } from "../../../engine/random.ts";
import type { Plugin, PolicyContext } from "../../../registry/plugin.ts";

/** The transform of a policy with options as a config file gives them. */
export function transformOf<C>(
  plugin: Plugin<"policy", C>,
  context: PolicyContext,
  options: Readonly<Record<string, unknown>> = {},
): ImageTransform {
  return plugin.create(v.parse(plugin.config, options), context);
}

/** Images whose random choices are counted. */
export const DRAWS = 2000;

/** Checks a count of a share: within 5 standard deviations. */
export function assertShare(count: number, share: number): void {
  const spread = Math.sqrt(DRAWS * share * (1 - share));
  assert(Math.abs(count - share * DRAWS) <= 5 * spread, `${count} of ${DRAWS}, not ${share}`);
}

/** Checks how often images are mirrored by the first two steps that are taken for a share of them. */
export function assertFlips(
  { channels, operations }: ImageTransform,
  shares: { readonly horizontal: number; readonly vertical?: number },
): void {
  const count = shares.vertical === undefined ? 1 : 2;
  const flips = operations.filter(({ op }) => op === "random_apply").slice(0, count);
  const corner = new Uint8Array(4 * channels);
  corner[0] = 9;
  const image = { height: 2, width: 2, channels, data: corner };
  let [right, down] = [0, 0];
  for (let seed = 0; seed < DRAWS; seed++) {
    const { data } = transformImage(image, { channels, operations: flips }, new Random(seed));
    const at = data.indexOf(9) / channels;
    right += at % 2;
    down += at >= 2 ? 1 : 0;
  }
  assertShare(right, shares.horizontal);
  assertShare(down, shares.vertical ?? 0);
}

const data = Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => (i * i * 7) % 240 + 5);
const small = { height: 8, width: 8, channels: 3, data };

/** Checks how often those steps are taken that are not for all images, in their order. */
export function assertTaken({ operations }: ImageTransform, shares: readonly number[]): void {
  const steps = operations.filter((step) => step.op === "random_apply");
  assertEquals(steps.map(({ probability }) => probability), shares);
  for (const [i, step] of steps.entries()) {
    let count = 0;
    for (let seed = 0; seed < DRAWS; seed++) {
      if (changePixels(small, step, new Random(seed * 64 + i)) !== small) count++;
    }
    assertShare(count, shares[i]);
  }
}
