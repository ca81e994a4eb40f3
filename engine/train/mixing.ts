/**
 * Mixed training samples: mixup (Zhang et al. 2018) and CutMix (Yun et al. 2019). How a batch is mixed
 * is drawn here, from a seed; the graph mixes samples and losses.
 * @module
 */
import { input } from "../ir/create.ts";
import { add, mul, sub } from "../ir/elementwise.ts";
import { gather } from "../ir/indexing.ts";
import type { Tensor } from "../ir/node.ts";
import { Random } from "../random.ts";
import type { Value } from "../runtime/session.ts";

/** What mixes samples; where there are both, each batch gets one of them, with equal chance. */
export interface Mixing {
  /** Parameter of mixup's Beta distribution; absent where nothing is mixed up. */
  readonly mixup?: number;
  /** Parameter of CutMix's Beta distribution; absent where nothing is cut. Only for images. */
  readonly cutmix?: number;
}

/** How the samples of a batch are mixed. */
export interface Mix {
  /** The sample that each one is mixed with. */
  readonly partners: Int32Array;
  /** Share of a sample itself, 0.5 to 1; the rest is its partner's. */
  readonly share: number;
  /** Share of a sample itself in each pixel, `[height, width]`; only where there is CutMix. */
  readonly shares?: Float32Array<ArrayBuffer>;
}

/** Which batch it is. */
export interface MixedBatch {
  /** Seed of this batch. */
  readonly seed: number;
  /** Samples in the batch. */
  readonly size: number;
  /** Shape of a sample. */
  readonly sampleShape: readonly number[];
}

/**
 * Draws how a batch is mixed. Of a pair, the sample with the larger share counts as the sample itself
 * and the other as its partner: mixed batches are as likely as ever, and labels can be compared with
 * predictions.
 * @param mixing What mixes.
 * @param batch Which batch.
 *
 * @example No sample has less than half
 * ```ts
 * import { drawMix } from "./mixing.ts";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const { partners, share } = drawMix({ mixup: 0.2 }, { seed: 1, size: 4, sampleShape: [8] });
 * assertEquals([...partners].sort(), [0, 1, 2, 3]);
 * assert(share >= 0.5 && share <= 1);
 * ```
 */
export function drawMix(mixing: Mixing, { seed, size, sampleShape }: MixedBatch): Mix {
  const random = new Random(seed);
  const partners = random.shuffle(Int32Array.from({ length: size }, (_, i) => i));
  const { mixup, cutmix } = mixing;
  if (cutmix === undefined) return { partners, share: larger(drawBeta(mixup!, random)) };
  const [height, width] = sampleShape.slice(-2);
  const shares = new Float32Array(height * width);
  if (mixup !== undefined && random.float() < 0.5) {
    const share = larger(drawBeta(mixup, random));
    return { partners, share, shares: shares.fill(share) };
  }
  const cut = drawBox({ height, width, share: drawBeta(cutmix, random) }, random);
  const rest = 1 - cut.height * cut.width / (height * width);
  const [inside, outside] = rest >= 0.5 ? [0, 1] : [1, 0];
  shares.fill(outside);
  for (let y = cut.top; y < cut.top + cut.height; y++) {
    shares.fill(inside, y * width + cut.left, y * width + cut.left + cut.width);
  }
  return { partners, share: larger(rest), shares };
}

function larger(share: number): number {
  return Math.max(share, 1 - share);
}

interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** A box about a uniform pixel that leaves a share of the area, less where the image ends. */
function drawBox(
  { height, width, share }: { height: number; width: number; share: number },
  random: Random,
): Box {
  const half = 0.5 * Math.sqrt(1 - share);
  const [y, x] = [random.integer(height), random.integer(width)];
  const [tall, wide] = [Math.trunc(half * height), Math.trunc(half * width)];
  const [top, left] = [Math.max(0, y - tall), Math.max(0, x - wide)];
  const [bottom, right] = [Math.min(height, y + tall), Math.min(width, x + wide)];
  return { top, left, height: bottom - top, width: right - left };
}

/**
 * Draws from the Beta distribution of two equal parameters.
 * @param alpha Both parameters.
 * @param random Where random numbers come from.
 * @returns A number from 0 to 1.
 *
 * @example Large parameters stay near one half
 * ```ts
 * import { drawBeta } from "./mixing.ts";
 * import { Random } from "../random.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(drawBeta(1e6, new Random(0)), 0.5, 0.01);
 * ```
 */
export function drawBeta(alpha: number, random: Random): number {
  const [first, second] = [drawLogGamma(alpha, random), drawLogGamma(alpha, random)];
  return 1 / (1 + Math.exp(second - first));
}

/**
 * The logarithm of a number from the Gamma distribution (Marsaglia & Tsang 2000): small parameters
 * give numbers too small for a float.
 */
function drawLogGamma(alpha: number, random: Random): number {
  if (alpha < 1) {
    return drawLogGamma(alpha + 1, random) + Math.log(1 - random.float()) / alpha;
  }
  const d = alpha - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const normal = random.normal();
    const v = (1 + c * normal) ** 3;
    if (v <= 0) continue;
    const limit = normal ** 2 / 2 + d - d * v + d * Math.log(v);
    if (Math.log(1 - random.float()) < limit) return Math.log(d * v);
  }
}

/** Graph inputs that say how a batch is mixed. */
export interface MixInputs {
  /** `int64 [batch]`. */
  readonly partners: Tensor;
  /** A scalar. */
  readonly share: Tensor;
  /** `[height, width]`, or a scalar where nothing is cut. */
  readonly shares: Tensor;
}

/**
 * Makes the graph inputs of what mixes.
 * @param mixing What mixes.
 * @param sampleShape Shape of a sample.
 */
export function mixInputs({ cutmix }: Mixing, sampleShape: readonly number[]): MixInputs {
  const share = input("mix_share", "float32", []);
  const shares = cutmix === undefined
    ? share
    : input("mix_shares", "float32", sampleShape.slice(-2));
  return { partners: input("mix_partners", "int64", ["batch"]), share, shares };
}

/**
 * Mixes the samples of a batch.
 * @param features `[batch, ...sampleShape]`.
 * @param inputs How.
 */
export function mixSamples(features: Tensor, { partners, shares }: MixInputs): Tensor {
  return add(mul(features, shares), mul(gather(features, partners), sub(1, shares)));
}

/**
 * Mixes losses.
 * @param own The loss by the samples' own labels.
 * @param partners The loss by those of their partners.
 * @param inputs How.
 */
export function mixLosses(own: Tensor, partners: Tensor, { share }: MixInputs): Tensor {
  return add(mul(own, share), mul(partners, sub(1, share)));
}

/**
 * Turns a mix into values for {@linkcode mixInputs}.
 * @param mix The mix.
 * @param sampleShape Shape of a sample.
 */
export function mixFeeds(
  { partners, share, shares }: Mix,
  sampleShape: readonly number[],
): Record<string, Value> {
  const feeds: Record<string, Value> = {
    mix_partners: {
      dtype: "int64",
      shape: [partners.length],
      data: BigInt64Array.from(partners, BigInt),
    },
    mix_share: { dtype: "float32", shape: [], data: Float32Array.of(share) },
  };
  if (shares === undefined) return feeds;
  const shape = sampleShape.slice(-2);
  return { ...feeds, mix_shares: { dtype: "float32", shape, data: shares } };
}
