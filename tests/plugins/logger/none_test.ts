import { assertEquals, assertStrictEquals } from "@std/assert";
import * as v from "valibot";
import { noLogger } from "../../../plugins/logger/none.ts";
import { registry } from "../../../registry/registry.ts";
import { runInfo } from "./_run.ts";

Deno.test("none takes every call of a run and does nothing", () => {
  assertStrictEquals(registry.get("logger", "none"), noLogger);
  const logger = noLogger.create(v.parse(noLogger.config, {}), {});
  assertEquals(logger.start(runInfo("run", { addLog: { note: "x" } })), undefined);
  assertEquals(logger.log(0, { val_Accuracy: NaN }), undefined);
  assertEquals(logger.finish("failed"), undefined);
});

Deno.test("none takes no options", () => {
  assertEquals(v.safeParse(noLogger.config, { project: "p" }).success, false);
});
