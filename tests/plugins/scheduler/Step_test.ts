import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { step } from "../../../plugins/scheduler/Step.ts";
import { factorsOf, testSchedule } from "./_cases.ts";

testSchedule(step, () => ({}));

Deno.test("Step falls every epoch in runs of fewer than eight epochs", () => {
  for (const epochs of [1, 3, 7]) {
    const factors = factorsOf(step.create({}, { epochs }), epochs);
    assertEquals(factors, factors.map((_, epoch) => 0.1 ** epoch));
  }
});

Deno.test("Step takes no options", () => {
  assertEquals(v.parse(step.config, {}), {});
  assertEquals(v.safeParse(step.config, { step_size: 3 }).success, false);
});
