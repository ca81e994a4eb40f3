/**
 * GloViTa's transforms of PatchCamelyon that keep the size of its images.
 * Importing this module adds `native` to the `policy` slot.
 * @module
 */
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { normalization } from "./_evaluation.ts";
import { changesOfAnyAngle } from "./_steps.ts";

/**
 * Normalizes images of any size, which all have to be the same. For training, half of the images are
 * mirrored each way, rotated by any angle, or changed in color before.
 *
 * @example Its steps for evaluation
 * ```ts
 * import { native } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const context = { preprocessing: { channels: 3 }, use: "test" } as const;
 * const { size, operations } = native.create({}, context);
 * assertEquals(size, undefined);
 * assertEquals(operations.map(({ op }) => op), ["normalize"]);
 * ```
 *
 * @category Policies
 */
export const native: Plugin<"policy", NoOptions> = {
  slot: "policy",
  key: "native",
  description: "images keep their size; for training flips, rotations, color jitter",
  config: noOptions,
  create(_options, context) {
    const changes = context.use === "test" ? [] : changesOfAnyAngle(0.15);
    const { channels } = context.preprocessing;
    return { channels, operations: [...changes, normalization(context)] };
  },
};

registry.add(native);
