import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { multiStep } from "../../../plugins/scheduler/MultiStep.ts";
import { factorsOf, testSchedule } from "./_cases.ts";

testSchedule(multiStep, () => ({}));

Deno.test("MultiStep applies both milestones where they coincide", () => {
  assertEquals(factorsOf(multiStep.create({}, { epochs: 2 }), 2), [1, 0.1 ** 2]);
});

Deno.test("MultiStep takes no options", () => {
  assertEquals(v.parse(multiStep.config, {}), {});
  assertEquals(v.safeParse(multiStep.config, { milestones: [3] }).success, false);
});
