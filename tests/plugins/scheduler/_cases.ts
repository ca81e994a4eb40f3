/**
 * Schedules as PyTorch computes them.
 * @module
 */
import { assert, assertAlmostEquals, assertStrictEquals } from "@std/assert";
import type { Plugin, Schedule } from "../../../registry/plugin.ts";
import { registry } from "../../../registry/registry.ts";

const FOLDER = new URL("../../testdata/golden/", import.meta.url);

/** Factors by epoch, by name: key, number of epochs, warm-up epochs. */
export function goldenFactors(): Record<string, number[]> {
  const read = (name: string) => JSON.parse(Deno.readTextFileSync(new URL(name, FOLDER)));
  return { ...read("schedules.json"), ...read("schedules_lengths.json").factors };
}

/**
 * Registers the tests that every schedule with golden numbers has to pass.
 * @param plugin The schedule.
 * @param options Its options, from those in the golden name.
 */
export function testSchedule<C>(
  plugin: Plugin<"scheduler", C>,
  options: (named: { readonly warmup_epochs: number }) => C,
): void {
  Deno.test(`${plugin.key} is registered under its key`, () => {
    assertStrictEquals(registry.get("scheduler", plugin.key), plugin);
  });

  Deno.test(`${plugin.key} equals PyTorch to 1e-12`, () => {
    const named = Object.entries(goldenFactors()).filter(([name]) =>
      name.startsWith(`${plugin.key}_`)
    );
    assert(named.length > 9);
    for (const [name, factors] of named) {
      const warmup_epochs = Number(name.match(/warmup(\d+)/)?.[1] ?? 0);
      const schedule = plugin.create(options({ warmup_epochs }), { epochs: factors.length });
      factors.forEach((factor, epoch) =>
        assertAlmostEquals(schedule.factor(epoch), factor, factor * 1e-12, `${name} at ${epoch}`)
      );
    }
  });
}

/**
 * Lists the factors of a run.
 * @param schedule The schedule.
 * @param epochs How many to list.
 */
export function factorsOf(schedule: Schedule, epochs: number): number[] {
  return Array.from({ length: epochs }, (_, epoch) => schedule.factor(epoch));
}
