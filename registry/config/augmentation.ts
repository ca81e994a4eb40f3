/**
 * `data.augmentation`: fields that datasets of images share. A dataset that uses them declares
 * `augmentation: augmentationSchema({...})` among its options; for others they have no effect.
 * @module
 */
import * as v from "valibot";
import type { OptionsSchema } from "../plugin.ts";

/** How images are changed before they reach the encoder. */
export interface AugmentationConfig {
  /** Name of the policy for training; `null` leaves it to the encoder. */
  readonly train_policy: string | null;
  /** Name of the policy for evaluation; `null` leaves it to the encoder. */
  readonly test_policy: string | null;
  /** Height and width that the encoder gets; `null` leaves it to the encoder. */
  readonly image_size: number | null;
  /** Shorter side before cropping; `null` leaves it to the policy. */
  readonly resize_size: number | null;
  /** Side of the crop; `null` leaves it to the policy. */
  readonly crop_size: number | null;
  /** Side of the square that is cut out; `null` leaves it to the policy. */
  readonly cutout_size: number | null;
  /** Patch size; `null` leaves it to the encoder. */
  readonly patch_size: readonly number[] | null;
  /** Mean of each channel; `null` leaves it to the encoder. */
  readonly mean: readonly number[] | null;
  /** Standard deviation of each channel; `null` leaves it to the encoder. */
  readonly std: readonly number[] | null;
  /** Options of the training policy. */
  readonly train_kwargs: Readonly<Record<string, unknown>>;
  /** Options of the evaluation policy. */
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
 */
export function augmentationSchema(
  policies: { readonly train_policy?: string; readonly test_policy?: string } = {},
): OptionsSchema<AugmentationConfig> {
  const { train_policy = null, test_policy = null } = policies;
  const size = v.pipe(v.number(), v.integer(), v.minValue(1));
  const orNull = <T>(schema: v.GenericSchema<unknown, T>, description: string) =>
    v.pipe(v.optional(v.nullable(schema), null), v.description(description));
  const kwargs = v.optional(v.record(v.string(), v.unknown()), {});
  return v.optional(
    v.strictObject({
      train_policy: v.pipe(
        v.optional(v.nullable(v.string()), train_policy),
        v.description("Policy for training."),
      ),
      test_policy: v.pipe(
        v.optional(v.nullable(v.string()), test_policy),
        v.description("Policy for evaluation."),
      ),
      image_size: orNull(size, "Height and width that the encoder gets."),
      resize_size: orNull(size, "Shorter side before cropping."),
      crop_size: orNull(size, "Side of the crop."),
      cutout_size: orNull(size, "Side of the square that is cut out."),
      patch_size: orNull(v.array(size), "Patch size of the encoder."),
      mean: orNull(v.array(v.number()), "Mean of each channel."),
      std: orNull(v.array(v.number()), "Standard deviation of each channel."),
      train_kwargs: v.pipe(kwargs, v.description("Options of the training policy.")),
      test_kwargs: v.pipe(kwargs, v.description("Options of the evaluation policy.")),
    }),
    {},
  );
}
