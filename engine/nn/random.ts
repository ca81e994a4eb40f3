/**
 * Random numbers inside the graph: a hash of (step seed, place in the model, index), so that a step
 * can be repeated exactly and nothing needs to be stored to resume.
 * @module
 */
import { applyOne, isStatic, scalar } from "../ir/create.ts";
import {
  add,
  bitwiseXor,
  cast,
  cos,
  greaterOrEqual,
  log,
  mul,
  shiftRight,
  sqrt,
  where,
} from "../ir/elementwise.ts";
import { elementCount, range, shapeOf } from "../ir/layout.ts";
import type { Tensor } from "../ir/node.ts";
import { sizeOf } from "../ir/dims.ts";

const GOLDEN = 0x9e3779b9;

/**
 * Mixes the bits of unsigned 32-bit integers. Constants of the function lowbias32, found by
 * Wellons' search for two-round multiply-xorshift hashes with the least avalanche bias.
 */
function mix(x: Tensor): Tensor {
  let h = bitwiseXor(x, shiftRight(x, 16));
  h = mul(h, scalar(0x7feb352d, "uint32"));
  h = bitwiseXor(h, shiftRight(h, 15));
  h = mul(h, scalar(0x846ca68b, "uint32"));
  return bitwiseXor(h, shiftRight(h, 16));
}

/** Draws random tensors, one independent stream per draw. */
export class RandomStream {
  readonly #seed: Tensor;
  #draws = 0;

  /**
   * @param seed The step's seed, a `uint32` scalar; the same seed gives the same numbers.
   */
  constructor(seed: Tensor) {
    this.#seed = seed;
  }

  /** Uniform 32-bit integers of the shape of `like`. */
  bits(like: Tensor): Tensor {
    const stream = scalar(Math.imul(++this.#draws, GOLDEN) >>> 0, "uint32");
    const key = mix(bitwiseXor(mix(this.#seed), stream));
    const size = isStatic(like.shape) ? sizeOf(like.shape) : like.shape.join("*");
    const index = cast(range(elementCount(like), size, "int64"), "uint32");
    const flat = mix(add(mul(index, scalar(GOLDEN, "uint32")), key));
    if (like.shape.length === 1) return flat;
    return applyOne("Reshape", [flat, shapeOf(like)], { shape: like.shape });
  }

  /** Uniform numbers in `[0, 1)` of the shape of `like`, multiples of 2⁻²⁴. */
  uniform(like: Tensor): Tensor {
    return mul(cast(shiftRight(this.bits(like), 8), "float32"), 2 ** -24);
  }

  /** Standard normal numbers of the shape of `like` (Box & Muller 1958). */
  normal(like: Tensor): Tensor {
    const positive = add(this.uniform(like), 2 ** -25);
    const radius = sqrt(mul(log(positive), -2));
    return mul(radius, cos(mul(this.uniform(like), 2 * Math.PI)));
  }

  /**
   * Zeroes entries with probability `rate` and scales the others by 1/(1-rate)
   * (`torch.nn.functional.dropout`).
   * @param x Values.
   * @param rate Probability in [0, 1].
   * @throws {RangeError} if the rate is none.
   */
  dropout(x: Tensor, rate: number): Tensor {
    if (!(rate >= 0 && rate <= 1)) {
      throw new RangeError(`Cannot drop out at rate ${rate}: expected 0 to 1`);
    }
    if (rate === 0) return x;
    if (rate === 1) return mul(x, 0);
    const threshold = scalar(Math.floor(rate * 2 ** 32), "uint32");
    return where(greaterOrEqual(this.bits(x), threshold), mul(x, 1 / (1 - rate)), 0);
  }
}
