import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import * as v from "valibot";
import { cosineAnneal } from "../../../plugins/scheduler/CosineAnneal.ts";
import { factorsOf, testSchedule } from "./_cases.ts";

testSchedule(cosineAnneal, ({ warmup_epochs }) => ({ warmup_epochs }));

Deno.test("CosineAnneal only warms up when the run is no longer than the warm-up", () => {
  for (const epochs of [1, 5, 10]) {
    const schedule = cosineAnneal.create({ warmup_epochs: 10 }, { epochs });
    const expected = Array.from({ length: epochs }, (_, epoch) => (epoch + 1) / 11);
    assertEquals(factorsOf(schedule, epochs), expected);
    assertEquals(schedule.factor(10), 1);
  }
});

Deno.test("CosineAnneal rises to 1, falls, and stays at 0 after the last epoch", () => {
  for (const [epochs, warmup_epochs] of [[7, 0], [20, 10], [11, 10], [300, 3]]) {
    const schedule = cosineAnneal.create({ warmup_epochs }, { epochs });
    const factors = factorsOf(schedule, epochs);
    assertEquals(factors[warmup_epochs], 1);
    for (let epoch = 1; epoch < epochs; epoch++) {
      assert(factors[epoch] > factors[epoch - 1] === epoch <= warmup_epochs);
    }
    assert(factors[epochs - 1] > 0);
    assertEquals([schedule.factor(epochs), schedule.factor(epochs + 7)], [0, 0]);
  }
});

Deno.test("CosineAnneal is point-symmetric about its half", () => {
  const schedule = cosineAnneal.create({ warmup_epochs: 4 }, { epochs: 34 });
  for (let epoch = 0; epoch <= 30; epoch++) {
    assertAlmostEquals(schedule.factor(4 + epoch) + schedule.factor(34 - epoch), 1, 1e-15);
  }
});

Deno.test("CosineAnneal's schema fills in ten epochs and takes whole numbers from 0 on", () => {
  assertEquals(v.parse(cosineAnneal.config, {}), { warmup_epochs: 10 });
  assertEquals(v.parse(cosineAnneal.config, { warmup_epochs: 0 }), { warmup_epochs: 0 });
  for (const warmup_epochs of [-1, 1.5, "3", NaN]) {
    assertEquals(v.safeParse(cosineAnneal.config, { warmup_epochs }).success, false);
  }
  assertEquals(v.safeParse(cosineAnneal.config, { warmup: 3 }).success, false);
});
