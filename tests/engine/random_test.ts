import { assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { deriveSeed, philox, Random } from "../../engine/random.ts";

Deno.test("philox() gives the known answers of Random123", () => {
  const cases = [
    {
      counter: [0, 0, 0, 0],
      key: [0, 0],
      expected: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    },
    {
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      key: [0xffffffff, 0xffffffff],
      expected: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      expected: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ];
  for (const { counter, key, expected } of cases) {
    const block = Uint32Array.from(counter);
    philox(block, key[0], key[1]);
    assertEquals([...block], expected);
  }
});

Deno.test("Random.uint32() is the sequence of Philox blocks", () => {
  const random = new Random(2 ** 32 * 5 + 7);
  const block = new Uint32Array(4);
  for (let counter = 0; counter < 3; counter++) {
    block.set([counter, 0, 0, 0]);
    philox(block, 7, 5);
    for (const word of block) assertEquals(random.uint32(), word);
  }
});

Deno.test("Random takes negative seeds and tells them apart", () => {
  assertNotEquals(new Random(-1).uint32(), new Random(1).uint32());
  assertEquals(new Random(-1).uint32(), new Random(-1).uint32());
});

Deno.test("Random() throws on a seed that is not a safe integer", () => {
  for (const seed of [0.5, NaN, Infinity, 2 ** 53]) {
    assertThrows(() => new Random(seed), RangeError, `Cannot use seed ${seed}`);
  }
});

Deno.test("Random.float() is uniform in [0, 1)", () => {
  const random = new Random(1);
  const bins = new Int32Array(10);
  for (let i = 0; i < 100_000; i++) {
    const value = random.float();
    assertEquals(value >= 0 && value < 1, true);
    bins[Math.floor(value * 10)]++;
  }
  for (const count of bins) assertAlmostEquals(count, 10_000, 500);
});

Deno.test("Random.normal() has the moments of the normal distribution", () => {
  const random = new Random(2);
  const sums = [0, 0, 0, 0];
  const n = 200_000;
  for (let i = 0; i < n; i++) {
    const value = random.normal();
    for (let power = 0; power < 4; power++) sums[power] += value ** (power + 1) / n;
  }
  assertAlmostEquals(sums[0], 0, 0.01);
  assertAlmostEquals(sums[1], 1, 0.02);
  assertAlmostEquals(sums[2], 0, 0.05);
  assertAlmostEquals(sums[3], 3, 0.1);
});

Deno.test("Random.integer() is uniform, also where a remainder would be biased", () => {
  const random = new Random(3);
  const bins = new Int32Array(3);
  for (let i = 0; i < 30_000; i++) bins[random.integer(3)]++;
  for (const count of bins) assertAlmostEquals(count, 10_000, 400);
  // With a remainder, the lower half of [0, 3 * 2^30) would come twice as often as the upper.
  let lower = 0;
  for (let i = 0; i < 30_000; i++) if (random.integer(3 * 2 ** 30) < 2 ** 30) lower++;
  assertAlmostEquals(lower, 10_000, 400);
});

Deno.test("Random.integer() covers its range and refuses others", () => {
  const random = new Random(4);
  assertEquals(random.integer(1), 0);
  assertEquals(random.integer(2 ** 32 - 1) < 2 ** 32 - 1, true);
  for (const n of [0, -1, 1.5, NaN, 2 ** 32]) {
    assertThrows(() => random.integer(n), RangeError, `Cannot draw an integer below ${n}`);
  }
});

Deno.test("Random.shuffle() makes every order equally likely", () => {
  const counts = new Map<string, number>();
  const random = new Random(5);
  for (let i = 0; i < 12_000; i++) {
    const order = random.shuffle(Int32Array.of(0, 1, 2, 3)).join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assertEquals(counts.size, 24);
  for (const count of counts.values()) assertAlmostEquals(count, 500, 120);
});

Deno.test("deriveSeed() separates keys by kind, order and boundary", () => {
  const seeds = [
    deriveSeed(0),
    deriveSeed(1),
    deriveSeed(-1),
    deriveSeed(0, 1),
    deriveSeed(0, "1"),
    deriveSeed(0, 1, 2),
    deriveSeed(0, 2, 1),
    deriveSeed(0, 2 ** 32 + 1),
    deriveSeed(0, "ab", "c"),
    deriveSeed(0, "a", "bc"),
    deriveSeed(0, "abc"),
    deriveSeed(0, "abc\0"),
    deriveSeed(0, ""),
  ];
  assertEquals(new Set(seeds).size, seeds.length);
  for (const seed of seeds) assertEquals(Number.isSafeInteger(seed) && seed >= 0, true);
});

Deno.test("deriveSeed() tells seeds of 53 bits apart that have the same low word", () => {
  const seeds = [-1, 2 ** 32 - 1, 2 ** 33 - 1, 2 ** 53 - 1];
  assertEquals(new Set(seeds.map((seed) => deriveSeed(seed, "step") >>> 0)).size, seeds.length);
});

Deno.test("deriveSeed() stays what it was in earlier versions", () => {
  assertEquals(deriveSeed(42, "shuffle", 3), 5453337479557964);
});

Deno.test("deriveSeed() throws on keys that are not integers", () => {
  assertThrows(() => deriveSeed(0.5, "a"), RangeError, "Cannot use seed 0.5");
  assertThrows(() => deriveSeed(1, 0.5), RangeError, "Cannot use seed key 0.5");
});
