/** A small image, what PIL, OpenCV and timm make of it, and counts of random choices. */
import { assertLessOrEqual } from "@std/assert";
import type { Border } from "../../../engine/images/_opencv_warp.ts";
import type { Image } from "../../../engine/images/image.ts";
import type {
  AutoOperationName,
  TimmOperationName,
} from "../../../engine/images/pixel_operation.ts";
import { Random } from "../../../engine/random.ts";
import { bytesOf } from "./_images.ts";

const FOLDER = new URL("../../testdata/augment/", import.meta.url);

function read<T>(name: string): T {
  return JSON.parse(Deno.readTextFileSync(new URL(name, FOLDER)));
}

type Pair = readonly [number, number];

/** The image, and what PIL and OpenCV make of it. */
export const EXPECTED = read<{
  readonly size: Pair;
  readonly rgb: string;
  readonly grey: string;
  readonly auto: readonly {
    readonly mode: "RGB" | "L";
    readonly name: AutoOperationName;
    readonly index: number;
    readonly sign: number;
    readonly data: string;
  }[];
  readonly jitter: readonly {
    readonly name: "brightness" | "contrast" | "saturation" | "hue";
    readonly value: number;
    readonly data: string;
  }[];
}>("expected.json");

/** What OpenCV 4 makes of it. */
export const OPENCV = read<{
  readonly rotated: readonly { readonly degrees: number; readonly data: string }[];
  readonly affine: readonly {
    readonly scale: Pair;
    readonly shear: Pair;
    readonly shift: Pair;
    readonly border: Border;
    readonly data: string;
  }[];
  readonly gaussian_blur: readonly {
    readonly size: number;
    readonly sigma: number;
    readonly data: string;
  }[];
  readonly motion_blur: readonly {
    readonly size: number;
    readonly degrees: number;
    readonly direction: number;
    readonly shift: Pair;
    readonly points: number;
    readonly data: string;
  }[];
  readonly brightness_contrast: readonly {
    readonly factor: number;
    readonly share: number;
    readonly data: string;
  }[];
  readonly equalized: string;
  readonly equalized_grey: string;
  readonly padded: { readonly size: Pair; readonly data: string };
}>("opencv.json");

/** What timm makes of it. */
export const TIMM = read<{
  readonly fill: readonly number[];
  readonly cases: readonly {
    readonly name: TimmOperationName;
    readonly magnitude: number;
    readonly data: string;
  }[];
}>("timm.json");

const [height, width] = EXPECTED.size;

/** The image in color. */
export const rgb: Image = { height, width, channels: 3, data: bytesOf(EXPECTED.rgb) };
/** The image in grey. */
export const grey: Image = { height, width, channels: 1, data: bytesOf(EXPECTED.grey) };

/** An image of one color. */
export function plain(height: number, width: number, ...color: readonly number[]): Image {
  const channels = color.length;
  const data = Uint8Array.from(
    { length: height * width * channels },
    (_, i) => color[i % channels],
  );
  return { height, width, channels, data };
}

/** Random choices that are counted. */
export const DRAWS = 2000;

/** How often each of several things comes out of many draws. */
export function counts<T>(draw: (random: Random) => T): Map<T, number> {
  const found = new Map<T, number>();
  for (let seed = 0; seed < DRAWS; seed++) {
    const value = draw(new Random(seed));
    found.set(value, (found.get(value) ?? 0) + 1);
  }
  return found;
}

/** Checks a count of a share: within 5 standard deviations. */
export function assertShare(count: number | undefined, share: number): void {
  const spread = Math.sqrt(DRAWS * share * (1 - share));
  assertLessOrEqual(Math.abs((count ?? 0) - share * DRAWS), 5 * spread);
}
