/**
 * What a learning-rate schedule promises.
 * @module
 */
import type { Schedule } from "../plugin.ts";
import { type Check, expect, type PluginUnderTest } from "./plugin_under_test.ts";

/** Lengths of runs, the shortest among them. */
const RUNS = [1, 2, 3, 20, 100];

type ScheduleUnderTest = PluginUnderTest<"scheduler">;

/** Promises of schedules. */
export const schedulerChecks: readonly Check<"scheduler">[] = [
  { name: "gives a factor of at least 0 for every epoch", check: checkFactors },
  { name: "gives the same factor whenever it is asked", check: checkPure },
];

function schedules({ plugin, options, context }: ScheduleUnderTest): [number, Schedule][] {
  const runs = context.epochs === undefined ? RUNS : [context.epochs];
  return runs.map((epochs) => [epochs, plugin.create(options, { epochs })]);
}

function factors(schedule: Schedule, epochs: number): number[] {
  return Array.from({ length: epochs }, (_, epoch) => schedule.factor(epoch));
}

function checkFactors(subject: ScheduleUnderTest): void {
  for (const [epochs, schedule] of schedules(subject)) {
    const found = factors(schedule, epochs);
    const wrong = found.findIndex((factor) => !(Number.isFinite(factor) && factor >= 0));
    expect(wrong < 0, `epoch ${wrong} of ${epochs} has the factor ${found[wrong]}`);
    expect(found.some((factor) => factor > 0), `all factors of ${epochs} epochs are 0`);
  }
}

/** A resumed run asks for its later epochs only. */
function checkPure(subject: ScheduleUnderTest): void {
  const again = schedules(subject);
  for (const [run, [epochs, schedule]] of schedules(subject).entries()) {
    const forward = factors(schedule, epochs);
    for (let epoch = epochs - 1; epoch >= 0; epoch--) {
      const factor = again[run][1].factor(epoch);
      const state = `epoch ${epoch} of ${epochs} has the factors ${forward[epoch]} and ${factor}`;
      expect(Object.is(factor, forward[epoch]), state);
    }
  }
}
