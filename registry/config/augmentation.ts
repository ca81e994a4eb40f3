/**
 * `data.augmentation`: fields that datasets of images share. A dataset that uses them declares
 * `augmentation: augmentationSchema({...})` among its options; for others they have no effect.
 * @module
 */
import * as v from "valibot";
import { count, group, list, map, number, option, required, text } from "../options/mod.ts";
import type { OptionsSchema } from "../plugin.ts";

/**
 * How images are changed before they reach the encoder.
 * @category Options
 */
export interface AugmentationConfig {
  /** Name of the policy for training; `null` leaves it to the encoder. */
  readonly train_policy: string | null;
  /** Name of the policy for evaluation; `null` leaves it to the encoder. */
  readonly test_policy: string | null;
  /** Height and width that the encoder gets; `null` leaves it to the encoder. @default {null} */
  readonly image_size: number | null;
  /** Shorter side before cropping; `null` leaves it to the policy. @default {null} */
  readonly resize_size: number | null;
  /** Side of the crop; `null` leaves it to the policy. @default {null} */
  readonly crop_size: number | null;
  /** Side of the square that is cut out; `null` leaves it to the policy. @default {null} */
  readonly cutout_size: number | null;
  /** Patch size; `null` leaves it to the encoder. @default {null} */
  readonly patch_size: readonly number[] | null;
  /** Mean of each channel; `null` leaves it to the encoder. @default {null} */
  readonly mean: readonly number[] | null;
  /** Standard deviation of each channel; `null` leaves it to the encoder. @default {null} */
  readonly std: readonly number[] | null;
  /** Options of the training policy. @default {{}} */
  readonly train_kwargs: Readonly<Record<string, unknown>>;
  /** Options of the evaluation policy. @default {{}} */
  readonly test_kwargs: Readonly<Record<string, unknown>>;
}

/**
 * Makes the schema of `data.augmentation`.
 * @param policies Names of the policies when the config does not say.
 * @returns A schema whose fields may all be left out.
 *
 * @example Defaults of a dataset
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const schema = augmentationSchema({ train_policy: "randaugment" });
 * assertEquals(v.parse(schema, undefined).train_policy, "randaugment");
 * ```
 *
 * @category Options
 */
export function augmentationSchema(
  policies: { readonly train_policy?: string; readonly test_policy?: string } = {},
): OptionsSchema<AugmentationConfig> {
  const { train_policy = null, test_policy = null } = policies;
  const policy = v.nullable(text(required, ""));
  return group({}, "How images are changed before they reach the encoder.", {
    train_policy: option(train_policy, "Policy for training.", policy),
    test_policy: option(test_policy, "Policy for evaluation.", policy),
    image_size: count(null, "Height and width that the encoder gets."),
    resize_size: count(null, "Shorter side before cropping."),
    crop_size: count(null, "Side of the crop."),
    cutout_size: count(null, "Side of the square that is cut out."),
    patch_size: list(null, "Patch size of the encoder.", count),
    mean: list(null, "Mean of each channel.", number),
    std: list(null, "Standard deviation of each channel.", number),
    train_kwargs: map({}, "Options of the training policy."),
    test_kwargs: map({}, "Options of the evaluation policy."),
  });
}
