/**
 * The tests that every metric has to pass.
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { Random } from "../../../engine/random.ts";
import type { MetricPlugin } from "../../../registry/plugin.ts";
import { registry } from "../../../registry/registry.ts";
import type { NoOptions } from "../../../registry/options/mod.ts";
import {
  batch,
  type Case,
  compute,
  goldenCases,
  pickRows,
  randomCases,
  split,
  SUBTASKS,
  taskOf,
} from "./_cases.ts";

/** Sizes of batches, uneven on purpose; one has no samples. */
const SIZES = [[1], [3, 1, 0, 7, 2], [64, 5], [1, 500]];

/**
 * Registers the tests that every metric has to pass.
 * @param plugin The metric.
 * @param names Which logged names are its own.
 * @param tolerance Greatest difference from the reference; torchmetrics sums in float32, glovita in
 *   float64.
 */
export function testMetric(
  plugin: MetricPlugin<NoOptions>,
  names: RegExp,
  tolerance = 2e-6,
): void {
  testPlugin(plugin);
  testValues(plugin, names, tolerance);
  testResampler(plugin);
  testAccumulator(plugin);
}

function testPlugin(plugin: MetricPlugin<NoOptions>): void {
  const { key, subtasks = SUBTASKS } = plugin;

  Deno.test(`${key} is registered under its key and takes no options`, () => {
    assert(registry.get("metric", key) === (plugin as MetricPlugin));
    assertEquals(v.parse(plugin.config, {}), {});
    assertEquals(v.safeParse(plugin.config, { average: "micro" }).success, false);
  });

  Deno.test(`${key} throws when the metric does not fit the task`, () => {
    for (const subtask of SUBTASKS.filter((name) => !subtasks.includes(name))) {
      const message = `Cannot compute metric "${key}": subtask is "${subtask}", expected "`;
      assertThrows(() => plugin.create({}, taskOf(subtask, 9)), RangeError, message);
    }
  });
}

function testValues(plugin: MetricPlugin<NoOptions>, names: RegExp, tolerance: number): void {
  const { key, subtasks = SUBTASKS } = plugin;

  Deno.test(`${key} equals the reference on the golden batches`, () => {
    assert(checkCases(plugin, names, tolerance, goldenCases()) > 0);
  });

  Deno.test(`${key} equals the reference on random batches`, () => {
    assert(checkCases(plugin, names, tolerance, randomCases()) > 3);
  });

  Deno.test(`${key} is NaN without samples`, () => {
    for (const subtask of subtasks) {
      const accumulator = plugin.create({}, taskOf(subtask, 6)).accumulator();
      const before = accumulator.compute();
      assert(
        Object.values(before).length > 0 && Object.values(before).every(Number.isNaN),
        subtask,
      );
      accumulator.update(batch(subtask, 6, [], []));
      assertEquals(accumulator.compute(), before);
    }
  });

  Deno.test(`${key} does not depend on the order of the samples`, () => {
    for (const { name, input } of casesOf(plugin)) {
      const values = compute(plugin, input);
      const reversed = pickRows(input, [...Array(input.count).keys()].reverse());
      for (const [logged, value] of Object.entries(compute(plugin, reversed))) {
        assertAlmostEquals(value, values[logged], 1e-12, `${name} ${logged}`);
      }
    }
  });
}

function testResampler(plugin: MetricPlugin<NoOptions>): void {
  const { key, subtasks = SUBTASKS } = plugin;

  Deno.test(`${key} resamples as its accumulator does`, () => {
    const random = new Random(8);
    for (const { name, input } of [...goldenCases(), ...randomCases()]) {
      if (!subtasks.includes(input.subtask) || input.count > 500) continue;
      if (key === "top5acc" && input.numClasses < 5) continue;
      const resample = plugin.create({}, input).resampler!(input);
      for (const distinct of [input.count, input.count, 2, 1]) {
        const below = Math.min(distinct, input.count);
        const rows = Array.from({ length: input.count }, () => random.integer(below));
        const counts = new Int32Array(input.count);
        for (const row of rows) counts[row]++;
        const expected = compute(plugin, pickRows(input, rows));
        const values = resample(counts);
        assertEquals(Object.keys(values), Object.keys(expected), name);
        for (const [logged, value] of Object.entries(expected)) {
          const tolerance = 1e-12 * Math.max(1, Math.abs(value) || 0);
          assertAlmostEquals(values[logged], value, tolerance, `${name} ${logged}`);
        }
      }
    }
  });
}

function testAccumulator(plugin: MetricPlugin<NoOptions>): void {
  const { key } = plugin;

  Deno.test(`${key} leaves its input alone, and does not keep it`, () => {
    for (const { name, input } of casesOf(plugin)) {
      const copy = structuredClone(input);
      const accumulator = plugin.create({}, input).accumulator();
      accumulator.update(copy);
      const values = accumulator.compute();
      assertEquals(copy, input, name);
      copy.scores.fill(0.25);
      copy.labels.fill(1);
      assertEquals(accumulator.compute(), values, name);
    }
  });

  Deno.test(`${key} goes on after values were asked for, apart from other collections`, () => {
    for (const { name, input } of casesOf(plugin)) {
      const metric = plugin.create({}, input);
      const [all, last] = [metric.accumulator(), metric.accumulator()];
      const [first, second] = split(input, [7, input.count]);
      all.update(first);
      assertEquals(all.compute(), compute(plugin, first), name);
      all.update(second);
      last.update(second);
      assertEquals(all.compute(), compute(plugin, input), name);
      assertEquals(last.compute(), compute(plugin, second), name);
    }
  });

  Deno.test(`${key} refuses a wrong batch as a whole`, () => {
    for (const { name, input } of casesOf(plugin)) {
      const accumulator = plugin.create({}, input).accumulator();
      accumulator.update(input);
      const [scores, labels] = [input.scores.subarray(1), input.labels.slice()];
      labels[labels.length - 1] = -1;
      assertThrows(() => accumulator.update({ ...input, scores }), TypeError, "scores has");
      assertThrows(() => accumulator.update(batch(input.subtask, 7, [], [])), TypeError, "is 7");
      if (input.subtask !== "regression") {
        assertThrows(() => accumulator.update({ ...input, labels }), RangeError, "is -1");
      }
      assertEquals(accumulator.compute(), compute(plugin, input), name);
    }
  });
}

function casesOf({ subtasks = SUBTASKS }: MetricPlugin<NoOptions>): Case[] {
  return goldenCases().filter(({ input }) => subtasks.includes(input.subtask));
}

/** Compares with the reference, and one batch with several of uneven sizes. */
function checkCases(
  plugin: MetricPlugin<NoOptions>,
  names: RegExp,
  tolerance: number,
  cases: Case[],
): number {
  let checked = 0;
  for (const { name, input, expected } of cases) {
    const wanted = Object.entries(expected).filter(([logged]) => names.test(logged));
    if (wanted.length === 0) continue;
    const values = compute(plugin, input);
    for (const [logged, value] of wanted) {
      assertAlmostEquals(values[logged], value ?? NaN, tolerance, `${name} ${logged}`);
    }
    for (const sizes of SIZES) {
      const accumulator = plugin.create({}, input).accumulator();
      for (const part of split(input, sizes)) accumulator.update(part);
      assertEquals(accumulator.compute(), values, `${name} in batches of ${sizes}`);
    }
    checked++;
  }
  return checked;
}
