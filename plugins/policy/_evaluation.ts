/** What the policies for evaluation share: numbers per channel, and an option. */
import { type Interpolation, INTERPOLATIONS } from "../../engine/images/preprocessing.ts";
import type { ImageSize, NormalizeOperation } from "../../engine/images/transform.ts";
import { choice, type Option } from "../../registry/options/mod.ts";
import type { PolicyContext } from "../../registry/plugin.ts";

const IMAGENET_MEAN = [0.485, 0.456, 0.406];
const IMAGENET_STD = [0.229, 0.224, 0.225];

/** How images are resized, or `null` for the encoder's way. */
export const interpolation: Option<Interpolation | null> = choice(
  null,
  "how images are resized; the encoder's where not given",
  INTERPOLATIONS,
);

/** The last step: what `data` says, then what the encoder says, then ImageNet's numbers. */
export function normalization(context: PolicyContext): NormalizeOperation {
  const { preprocessing, mean, std } = context;
  const { channels } = preprocessing;
  if (channels !== 1 && channels !== 3) {
    throw new RangeError(`images have 1 or 3 channels, the encoder takes ${channels}`);
  }
  return {
    op: "normalize",
    mean: perChannel("mean", mean ?? preprocessing.mean ?? IMAGENET_MEAN, channels),
    std: perChannel("std", std ?? preprocessing.std ?? IMAGENET_STD, channels),
  };
}

/** One number is for all channels; grey images take the average of the colors' numbers. */
function perChannel(name: string, values: readonly number[], channels: number): readonly number[] {
  if (values.length === channels) return values;
  if (values.length === 1) return Array.from({ length: channels }, () => values[0]);
  if (channels === 1) return [values.reduce((sum, value) => sum + value, 0) / values.length];
  throw new RangeError(`expected ${channels} values of ${name}, received ${values.length}`);
}

/** Height and width of what is as high as it is wide. */
export function square(side: number | undefined): ImageSize | undefined {
  return side === undefined ? undefined : [side, side];
}

/** Height and width of which a crop of that size keeps a share of `crop_pct`. */
export function scaled([height, width]: ImageSize, crop_pct: number): ImageSize {
  return [Math.floor(height / crop_pct), Math.floor(width / crop_pct)];
}
