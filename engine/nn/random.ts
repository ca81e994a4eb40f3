/**
 * Random numbers inside the graph: a hash of (step seed, place in the model, index), so that a step
 * can be repeated exactly and nothing needs to be stored to resume.
 * @module
 */
import { applyOne, scalar } from "../ir/create.ts";
import { add, cast, cos, log, mul, sqrt } from "../ir/elementwise.ts";
import { bitwiseXor, greaterOrEqual, shiftRight } from "../ir/logic.ts";
import { elementCount, shapeOf, unsqueeze } from "../ir/layout.ts";
import { range } from "../ir/indexing.ts";
import type { Tensor } from "../ir/node.ts";
import { flatSize } from "../ir/dims.ts";
import type { Dim } from "../ir/types.ts";

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

/** Uniform numbers in `[0, 1)`, multiples of 2⁻²⁴. */
function toUniform(bits: Tensor): Tensor {
  return mul(cast(shiftRight(bits, 8), "float32"), 2 ** -24);
}

/** Standard normal numbers from two uniform ones (Box & Muller 1958). */
function toNormal(first: Tensor, second: Tensor): Tensor {
  const radius = sqrt(mul(log(add(first, 2 ** -25)), -2));
  return mul(radius, cos(mul(second, 2 * Math.PI)));
}

function dropOut(x: Tensor, rate: number, bits: () => Tensor): Tensor {
  if (!(rate >= 0 && rate <= 1)) {
    throw new RangeError(`Cannot drop out at rate ${rate}: expected 0 to 1`);
  }
  if (rate === 0) return x;
  if (rate === 1) return mul(x, 0);
  const threshold = scalar(Math.floor(rate * 2 ** 32), "uint32");
  // A factor, as the runtime's Where takes three passes, forward and backward.
  const kept = cast(greaterOrEqual(bits(), threshold), x.dtype);
  return mul(x, mul(kept, 1 / (1 - rate)));
}

/**
 * Draws random tensors, one independent stream per draw.
 *
 * @example A step's seed gives its numbers again
 * ```ts
 * import { constant, evaluate, scalar } from "@glovita/glovita/engine";
 * import { RandomStream } from "@glovita/glovita/nn";
 * import { assertEquals, assertNotEquals } from "@std/assert";
 *
 * const x = constant([0, 0, 0, 0]);
 * const seed = scalar(7, "uint32");
 * const random = new RandomStream(seed);
 * const first = await evaluate(random.uniform(x));
 * const second = await evaluate(random.uniform(x));
 * assertNotEquals(second.data, first.data);
 * assertEquals((await evaluate(new RandomStream(seed).uniform(x))).data, first.data);
 * ```
 *
 * @category Random numbers
 */
export class RandomStream {
  readonly #seed: Tensor;
  /** What is hashed of an index, for all draws of one size. */
  readonly #indices = new Map<Dim, Tensor>();
  #draws = 0;

  /**
   * Makes a stream.
   * @param seed The step's seed, a `uint32` scalar; the same seed gives the same numbers.
   */
  constructor(seed: Tensor) {
    this.#seed = seed;
  }

  /**
   * Uniform 32-bit integers of the shape of `like`.
   * @param like A tensor of that shape.
   * @returns `uint32`.
   */
  bits(like: Tensor): Tensor {
    const flat = mix(add(this.#index(like), this.#key()));
    if (like.shape.length === 1) return flat;
    return applyOne("Reshape", [flat, shapeOf(like)], { shape: like.shape });
  }

  /**
   * Uniform numbers in `[0, 1)` of the shape of `like`, multiples of 2⁻²⁴.
   * @param like A tensor of that shape.
   * @returns `float32`.
   */
  uniform(like: Tensor): Tensor {
    return toUniform(this.bits(like));
  }

  /**
   * Standard normal numbers of the shape of `like` (Box & Muller 1958).
   * @param like A tensor of that shape.
   * @returns `float32`.
   */
  normal(like: Tensor): Tensor {
    return toNormal(this.uniform(like), this.uniform(like));
  }

  /**
   * Zeroes entries with probability `rate` and scales the others by 1/(1-rate)
   * (`torch.nn.functional.dropout`).
   * @param x Values.
   * @param rate Probability in [0, 1].
   * @returns A tensor of the shape of `x`.
   * @throws {RangeError} if the rate is none.
   */
  dropout(x: Tensor, rate: number): Tensor {
    return dropOut(x, rate, () => this.bits(x));
  }

  /**
   * Reserves a stream for numbers that belong to the rows of a matrix.
   * @returns The stream.
   */
  rows(): RandomRows {
    return new RandomRows(this.#key(), this.#key());
  }

  /** The indices of the elements of a tensor, spread over all integers. */
  #index(like: Tensor): Tensor {
    const size = flatSize(like.shape);
    const known = this.#indices.get(size);
    if (known) return known;
    const index = cast(range(elementCount(like), size, "int64"), "uint32");
    const spread = mul(index, scalar(GOLDEN, "uint32"));
    this.#indices.set(size, spread);
    return spread;
  }

  /** Key of the next stream. */
  #key(): Tensor {
    const stream = scalar(Math.imul(++this.#draws, GOLDEN) >>> 0, "uint32");
    return mix(bitwiseXor(mix(this.#seed), stream));
  }
}

/**
 * Random numbers that belong to the rows of a matrix: a row gets the same numbers whether it is
 * computed with all others, in a block or on its own.
 *
 * @example The dropout of the second row on its own
 * ```ts
 * import { constant, evaluate, scalar } from "@glovita/glovita/engine";
 * import { RandomStream } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const random = new RandomStream(scalar(7, "uint32")).rows();
 * const ones = (rows: number) => constant(Array(rows * 8).fill(1), [rows, 8]);
 * const rows = (...indices: number[]) => constant(indices, [indices.length], "int64");
 * const both = await evaluate(random.dropout(ones(2), rows(0, 1), 0.5));
 * const second = await evaluate(random.dropout(ones(1), rows(1), 0.5));
 * assertEquals(second.data, both.data.slice(8));
 * ```
 *
 * @category Random numbers
 */
export class RandomRows {
  readonly #first: Tensor;
  readonly #second: Tensor;

  /**
   * Makes a stream.
   * @param first Key of a stream, a `uint32` scalar.
   * @param second Key of another one.
   */
  constructor(first: Tensor, second: Tensor) {
    this.#first = first;
    this.#second = second;
  }

  /**
   * {@linkcode RandomStream.dropout} of some rows.
   * @param x `[rows, width]`.
   * @param row Which row of the whole matrix each is, `int64 [rows]`.
   * @param rate Probability in [0, 1].
   * @returns A tensor of the shape of `x`.
   * @throws {RangeError} if the rate is none.
   */
  dropout(x: Tensor, row: Tensor, rate: number): Tensor {
    return dropOut(x, rate, () => rowBits(this.#first, x, row));
  }

  /**
   * Standard normal numbers of the shape of `like`.
   * @param like `[rows, width]`.
   * @param row Which row of the whole matrix each is, `int64 [rows]`.
   * @returns `float32`.
   */
  normal(like: Tensor, row: Tensor): Tensor {
    const [first, second] = [this.#first, this.#second].map((key) =>
      toUniform(rowBits(key, like, row))
    );
    return toNormal(first, second);
  }
}

/** The bits that a stream of its own would give the whole matrix, in some of its rows. */
function rowBits(key: Tensor, like: Tensor, row: Tensor): Tensor {
  const width = Number(like.shape[1]);
  const golden = scalar(GOLDEN, "uint32");
  const first = mul(cast(row, "uint32"), scalar(Math.imul(width, GOLDEN) >>> 0, "uint32"));
  const column = cast(range(scalar(width, "int64"), width), "uint32");
  const offset = add(mul(column, golden), key);
  return mix(add(unsqueeze(first, [1]), unsqueeze(offset, [0])));
}
