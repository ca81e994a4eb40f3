import { assertEquals } from "@std/assert";
import { isPlanLog, PLAN_LOG } from "../../../registry/config/plan_log.ts";

Deno.test("isPlanLog() is true for the reasons of a plan alone", () => {
  const logs = [{ [PLAN_LOG]: {} }, {}, { note: "x" }, { [PLAN_LOG]: {}, note: "x" }];
  assertEquals(logs.map(isPlanLog), [true, false, false, false]);
});
