/**
 * The random numbers of PyTorch's generator on the CPU and of NumPy's `RandomState`, for what others
 * draw from a fixed seed.
 * @module
 */

const SIZE = 624;
const MIDDLE = 397;

/**
 * MT19937 (Matsumoto & Nishimura 1998), seeded as PyTorch and NumPy's `RandomState` seed it.
 *
 * @example The first number of seed 5489
 * ```ts
 * import { MersenneTwister } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(new MersenneTwister(5489).next(), 3499211612);
 * ```
 *
 * @category Parts of PEFT methods
 */
export class MersenneTwister {
  readonly #state = new Uint32Array(SIZE);
  #at = SIZE;

  /**
   * Makes a generator.
   * @param seed Seed, of which the lower 32 bits count.
   */
  constructor(seed: number) {
    const state = this.#state;
    state[0] = seed >>> 0;
    for (let i = 1; i < SIZE; i++) {
      state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i;
    }
  }

  /** The next 32 bits, as a number from 0. */
  next(): number {
    if (this.#at === SIZE) this.#refill();
    let y = this.#state[this.#at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  #refill(): void {
    const state = this.#state;
    for (let i = 0; i < SIZE; i++) {
      const y = (state[i] & 0x80000000) | (state[(i + 1) % SIZE] & 0x7fffffff);
      state[i] = state[(i + MIDDLE) % SIZE] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#at = 0;
  }
}
