import { assertEquals, assertStrictEquals } from "@std/assert";
import * as v from "valibot";
import { noSchedule } from "../../../plugins/scheduler/none.ts";
import { registry } from "../../../registry/registry.ts";
import { factorsOf } from "./_cases.ts";

Deno.test("none keeps the learning rate and takes no options", () => {
  assertStrictEquals(registry.get("scheduler", "none"), noSchedule);
  assertEquals(factorsOf(noSchedule.create({}, { epochs: 3 }), 5), [1, 1, 1, 1, 1]);
  assertEquals(v.parse(noSchedule.config, {}), {});
  assertEquals(v.safeParse(noSchedule.config, { gamma: 1 }).success, false);
});
