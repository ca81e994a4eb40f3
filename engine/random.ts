/**
 * Seeded random numbers that can be resumed without saved state: a generator is a pure function of
 * its seed, and seeds are derived from names and numbers ({@linkcode deriveSeed}), so that for
 * example the order of epoch 7 needs nothing but the run's seed and the number 7.
 *
 * The generator is Philox4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3",
 * SC 2011), tested against the known answers of the authors' Random123 library.
 * @module
 */

const TWO_32 = 0x1_0000_0000;
const TWO_53 = 0x20_0000_0000_0000;
const KIND_NUMBER = 1;
const KIND_STRING = 2;

/** Upper 32 bits of the 64-bit product of two uint32. */
function multiplyHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (carry >>> 16)) >>> 0;
}

/**
 * Encrypts a counter with Philox4x32-10, in place.
 *
 * @param block The counter, four words, replaced by four random words.
 * @param key0 Low word of the key.
 * @param key1 High word of the key.
 *
 * @example Known answer of Random123
 * ```ts
 * import { philox } from "./random.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const block = new Uint32Array(4);
 * philox(block, 0, 0);
 * assertEquals([...block], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
 * ```
 */
export function philox(block: Uint32Array, key0: number, key1: number): void {
  let c0 = block[0], c1 = block[1], c2 = block[2], c3 = block[3];
  let k0 = key0 >>> 0, k1 = key1 >>> 0;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const low0 = Math.imul(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    const low1 = Math.imul(0xcd9e8d57, c2);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  block[0] = c0;
  block[1] = c1;
  block[2] = c2;
  block[3] = c3;
}

/** High word of an integer in two's complement, the counterpart of `value >>> 0`. */
function highWord(value: number): number {
  return Math.floor(value / TWO_32) >>> 0;
}

function requireInteger(value: number, what: string): void {
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(`Cannot use ${what} ${value}: expected a safe integer`);
  }
}

/**
 * Derives a seed for one purpose from another seed. Different keys give unrelated seeds, and the
 * number `1` and the string `"1"` are different keys.
 *
 * @param seed The seed to derive from, any safe integer.
 * @param keys What the new seed is for: names and integers, order matters.
 * @returns An integer in [0, 2^53). Where 32 bits are wanted, take `seed >>> 0`.
 * @throws {RangeError} if the seed or a number among the keys is not a safe integer.
 *
 * @example The seed of the shuffle of epoch 3
 * ```ts
 * import { deriveSeed } from "./random.ts";
 * import { assertEquals, assertNotEquals } from "@std/assert";
 *
 * assertEquals(deriveSeed(42, "shuffle", 3), deriveSeed(42, "shuffle", 3));
 * assertNotEquals(deriveSeed(42, "shuffle", 3), deriveSeed(42, "shuffle", 4));
 * ```
 */
export function deriveSeed(seed: number, ...keys: readonly (number | string)[]): number {
  requireInteger(seed, "seed");
  // A chain of Philox blocks: the words of the keys are the counters, the state is the key. Each
  // key starts with its kind and each string with its length, so that no two key lists look alike.
  const block = new Uint32Array(4);
  let low = seed >>> 0;
  let high = highWord(seed);
  let position = 0;
  const absorb = (first: number, second: number, kind: number) => {
    block[0] = first;
    block[1] = second;
    block[2] = kind;
    block[3] = position++;
    philox(block, low, high);
    low = block[0];
    high = block[1];
  };
  for (const key of keys) {
    if (typeof key === "number") {
      requireInteger(key, "seed key");
      absorb(key >>> 0, highWord(key), KIND_NUMBER);
      continue;
    }
    absorb(key.length, 0, KIND_STRING);
    for (let i = 0; i < key.length; i += 2) {
      // charCodeAt beyond the end is NaN, which the block stores as 0.
      absorb(key.charCodeAt(i), key.charCodeAt(i + 1), KIND_STRING);
    }
  }
  return (high & 0x1fffff) * TWO_32 + low;
}

/**
 * A stream of random numbers that depends only on its seed.
 *
 * @example The same seed gives the same numbers
 * ```ts
 * import { Random } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const values = Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7);
 * const order = new Random(42).shuffle(values.slice());
 * assertEquals(order, new Random(42).shuffle(values.slice()));
 * assertEquals(order.toSorted(), values);
 * ```
 *
 * @category Random numbers
 */
export class Random {
  readonly #key0: number;
  readonly #key1: number;
  readonly #block = new Uint32Array(4);
  #counter = 0;
  #used = 4;
  #spareNormal: number | undefined;

  /**
   * Starts the stream of a seed.
   *
   * @param seed Any safe integer, often from {@linkcode deriveSeed}.
   * @throws {RangeError} if the seed is not a safe integer.
   */
  constructor(seed: number) {
    requireInteger(seed, "seed");
    this.#key0 = seed >>> 0;
    this.#key1 = highWord(seed);
  }

  /**
   * Draws a word.
   *
   * @returns An integer in [0, 2^32), all equally likely.
   */
  uint32(): number {
    if (this.#used === 4) {
      this.#block[0] = this.#counter >>> 0;
      this.#block[1] = highWord(this.#counter++);
      this.#block[2] = 0;
      this.#block[3] = 0;
      philox(this.#block, this.#key0, this.#key1);
      this.#used = 0;
    }
    return this.#block[this.#used++];
  }

  /**
   * Draws a number between 0 and 1.
   *
   * @returns A number in [0, 1), a multiple of 2^-53.
   */
  float(): number {
    const high = this.uint32() >>> 5;
    return (high * 0x400_0000 + (this.uint32() >>> 6)) / TWO_53;
  }

  /**
   * Draws from the normal distribution.
   *
   * @returns A number of mean 0 and standard deviation 1, at most 6.7 from 0.
   */
  normal(): number {
    if (this.#spareNormal !== undefined) {
      const spare = this.#spareNormal;
      this.#spareNormal = undefined;
      return spare;
    }
    // Box-Muller: 1 - u lies in (0, 1], so the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - this.uint32() / TWO_32));
    const angle = 2 * Math.PI * (this.uint32() / TWO_32);
    this.#spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /**
   * Draws an integer without the bias of a remainder, by Lemire's method ("Fast Random Integer Generation in an
   * Interval", 2019): high word of `n * uint32`, refusing the low words that occur once too often.
   *
   * @param n Number of possible results, 1 to 2^32 - 1.
   * @returns An integer in [0, n), all equally likely.
   * @throws {RangeError} if `n` is not an integer in that range.
   */
  integer(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n >= TWO_32) {
      throw new RangeError(`Cannot draw an integer below ${n}: expected 1 to ${TWO_32 - 1}`);
    }
    let word = this.uint32();
    let low = Math.imul(word, n) >>> 0;
    if (low < n) {
      const refused = (TWO_32 - n) % n;
      while (low < refused) {
        word = this.uint32();
        low = Math.imul(word, n) >>> 0;
      }
    }
    return multiplyHigh(word, n);
  }

  /**
   * Puts values into random order, all orders equally likely (Fisher-Yates).
   *
   * @param values Changed in place.
   * @returns `values`
   */
  shuffle<T extends Int32Array>(values: T): T {
    for (let last = values.length - 1; last > 0; last--) {
      const other = this.integer(last + 1);
      const value = values[last];
      values[last] = values[other];
      values[other] = value;
    }
    return values;
  }
}
