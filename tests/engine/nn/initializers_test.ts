import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  type Initializer,
  normal,
  ones,
  torchDefault,
  truncatedNormal,
  uniform,
  xavierUniform,
  zeros,
} from "../../../engine/nn/initializers.ts";
import { Random } from "../../../engine/random.ts";

const SHAPE = [200, 300];

function moments(initializer: Initializer, shape = SHAPE) {
  const values = initializer(shape, new Random(11));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  assertEquals(values.length, shape.reduce((a, b) => a * b, 1));
  return { mean, std: Math.sqrt(variance), largest };
}

/** A uniform distribution in ±bound has the standard deviation bound/√3. */
function assertUniform(initializer: Initializer, bound: number, shape = SHAPE): void {
  const { mean, std, largest } = moments(initializer, shape);
  assertAlmostEquals(mean / bound, 0, 0.01);
  assertAlmostEquals(std / bound, 1 / Math.sqrt(3), 0.005);
  assert(largest <= bound * 1.000001 && largest > bound * 0.999);
}

Deno.test("zeros and ones fill", () => {
  assertEquals([...zeros([2, 2], new Random(1))], [0, 0, 0, 0]);
  assertEquals([...ones([3], new Random(1))], [1, 1, 1]);
  assertEquals(ones([], new Random(1)).length, 1);
});

Deno.test("uniform() is uniform within its bound", () => assertUniform(uniform(0.3), 0.3));

Deno.test("torchDefault() is uniform in ±1/√fan_in", () => {
  assertUniform(torchDefault(300), 1 / Math.sqrt(300));
  assertEquals([...torchDefault(0)([2], new Random(1))].map(Math.abs), [0, 0]);
});

Deno.test("xavierUniform is uniform in ±√(6 / (fan_in + fan_out))", () => {
  assertUniform(xavierUniform, Math.sqrt(6 / 500));
  // A kernel of 3×2 counts at both ends.
  assertUniform(xavierUniform, Math.sqrt(6 / (130 * 6)), [100, 30, 3, 2]);
});

Deno.test("normal() has mean 0 and its standard deviation", () => {
  const { mean, std, largest } = moments(normal(0.02));
  assertAlmostEquals(mean / 0.02, 0, 0.01);
  assertAlmostEquals(std / 0.02, 1, 0.01);
  assert(largest > 0.06);
});

Deno.test("truncatedNormal() stays within two, whatever its standard deviation", () => {
  const narrow = moments(truncatedNormal(0.02));
  assertAlmostEquals(narrow.std / 0.02, 1, 0.01);
  const wide = moments(truncatedNormal(1));
  assert(wide.largest <= 2 && wide.largest > 1.99);
  assertAlmostEquals(wide.std, 0.8796, 0.01); // Of the standard normal cut at two deviations.
});

Deno.test("initializers draw the same from the same seed", () => {
  for (const initializer of [uniform(1), normal(1), truncatedNormal(1), xavierUniform]) {
    const draw = (seed: number) => [...initializer([4, 5], new Random(seed))];
    assertEquals(draw(3), draw(3));
    assert(draw(3).some((value, i) => value !== draw(4)[i]));
  }
});
