import { assertEquals, assertRejects } from "@std/assert";
import { createLogger, joinLoggers } from "../../../registry/builder/loggers.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import type { Logger } from "../../../registry/plugin.ts";
import { options, text } from "../../../registry/options/mod.ts";
import { runInfo } from "../../plugins/logger/_run.ts";
import { fakeRegistry, minimalFile } from "../_fakes.ts";

/** A logger that writes down what it is told, and fails where it is told to. */
function listening(name: string, told: string[], failing: readonly string[] = []): Logger {
  const hear = (event: string) => {
    told.push(`${name} ${event}`);
    if (failing.includes(event)) throw new Error(`${name} fails at ${event}`);
  };
  return {
    start: () => hear("start"),
    log: (epoch) => Promise.resolve(epoch).then((epoch) => hear(`log ${epoch}`)),
    finish: (status) => hear(status),
  };
}

Deno.test("joinLoggers() tells all loggers in order, what each has a method for", async () => {
  const told: string[] = [];
  const full: Logger = {
    ...listening("b", told),
    logImage: (epoch, name, png) => void told.push(`b ${epoch} ${name} ${png.length}`),
    logTest: (epoch, values) => void told.push(`b ${epoch} ${Object.keys(values)}`),
    artifact: (path, name) => void told.push(`b ${path} ${name}`),
  };
  const logger = joinLoggers([listening("a", told), full]);
  await logger.start(runInfo("run"));
  await logger.log(0, { val_loss: 1 });
  await logger.logImage?.(0, "plot", new Uint8Array(3));
  await logger.logTest?.(0, { test_loss: 1 });
  await logger.artifact?.("run/best.pt", "best.pt");
  await logger.finish("finished");
  assertEquals(told, [
    ...["a start", "b start", "a log 0", "b log 0"],
    ...["b 0 plot 3", "b 0 test_loss", "b run/best.pt best.pt"],
    ...["a finished", "b finished"],
  ]);
});

Deno.test("joinLoggers() takes files only where a logger does", () => {
  assertEquals(joinLoggers([listening("a", [])]).artifact, undefined);
  assertEquals(typeof joinLoggers([{ ...listening("a", []), artifact() {} }]).artifact, "function");
});

Deno.test("joinLoggers() tells the others although one fails, and then fails as the first did", async () => {
  const told: string[] = [];
  const loggers = [
    listening("a", told, ["log 1", "failed"]),
    listening("b", told, ["log 1"]),
    listening("c", told),
  ];
  const logger = joinLoggers(loggers);
  await assertRejects(async () => await logger.log(1, {}), Error, "a fails at log 1");
  await assertRejects(async () => await logger.finish("failed"), Error, "a fails at failed");
  assertEquals(told.slice(-3), ["a failed", "b failed", "c failed"]);
  assertEquals(told.slice(0, 3), ["a log 1", "b log 1", "c log 1"]);
});

Deno.test("joinLoggers() finishes those that had started when another one cannot", async () => {
  const told: string[] = [];
  const names = ["a", "b", "c"];
  const loggers = names.map((name) => listening(name, told, name === "b" ? ["start"] : []));
  await assertRejects(
    async () => await joinLoggers(loggers).start(runInfo("run")),
    Error,
    "b fails at start",
  );
  assertEquals(told, ["a start", "b start", "a failed"]);
});

Deno.test("createLogger() gives each selected logger its own options", async () => {
  const registry = fakeRegistry();
  const told: string[] = [];
  for (const name of ["left", "right"]) {
    registry.add({
      slot: "logger",
      key: name,
      description: "writes down",
      config: options({ [name]: text("x", "a word"), word: text("w", "a word of both") }),
      create: (config) => listening(JSON.stringify(config), told),
    });
  }
  const file = {
    ...minimalFile(),
    logger: { backend: ["right", "left"], left: "l", word: "both" },
  };
  const { config } = resolveConfig({ file }, registry);
  await createLogger({ config, registry }).start(runInfo("run"));
  assertEquals(told, ['{"right":"x","word":"both"} start', '{"left":"l","word":"both"} start']);
});
