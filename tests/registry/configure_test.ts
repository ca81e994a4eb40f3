import { assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { configure } from "../../registry/configure.ts";
import { ConfigError } from "../../registry/errors.ts";
import { flag } from "../../registry/config/flag.ts";
import { resolveConfig } from "../../registry/config/resolve.ts";
import { fake, fakeRegistry, minimalFile } from "./_fakes.ts";

const registry = fakeRegistry();
const file = minimalFile();

/** The plugin of that key, with any options. */
const choose = (slot: "head_type" | "optimizer" | "scheduler" | "metric", key: string) =>
  fake(slot, key);

function resolve(...parts: NonNullable<Parameters<typeof resolveConfig>[0]["parts"]>) {
  return resolveConfig({ file, parts }, registry).config;
}

Deno.test("configure() chooses a plugin with its options", () => {
  const parts = [
    configure(choose("optimizer", "Muon"), { muon_momentum: 0.5 }),
    configure(choose("scheduler", "CosineAnneal"), { warmup_epochs: 3 }),
    { optimizer: { lr: 0.5 }, training: { epochs: 7 } },
  ];
  const { optimizer, training, model } = resolve(...parts);
  assertEquals([optimizer.name, optimizer.muon_momentum], ["Muon", 0.5]);
  assertEquals([optimizer.scheduler, optimizer.warmup_epochs], ["CosineAnneal", 3]);
  assertEquals([optimizer.lr, training.epochs], [0.5, 7]);
  assertEquals(model.head.head_type, "classification");
});

Deno.test("configure() collects the plugins of a slot that holds a list", () => {
  const parts = ["auroc", "acc"].map((key) => configure(choose("metric", key)));
  assertEquals(resolve(...parts).task.metrics, ["auroc", "acc"]);
  assertEquals(resolve().task.metrics, ["acc", "f1"]);
});

Deno.test("configure() refuses options where the tree has no place for them", () => {
  const metric = fake("metric", "acc", v.strictObject({ average: v.optional(v.string(), "a") }));
  const error = assertThrows(() => configure(metric, { average: "b" }), ConfigError);
  assertEquals(error.message, 'task.metrics: expected no options for "acc", received "average"');
});

Deno.test("resolveConfig() lets later parts win, and flags over parts", () => {
  const parts = [
    { training: { epochs: 3, seed: 1 } },
    { training: { epochs: 4, seed: undefined } },
    configure(choose("head_type", "clam"), { variant: "sb", gate: undefined }),
  ];
  const { training, model } = resolve(...parts);
  assertEquals([training.epochs, training.seed], [4, 1]);
  assertEquals([model.head.variant, model.head.gate], ["sb", true]);
  const flags = [flag("training.epochs", "5")];
  assertEquals(resolveConfig({ file, parts, flags }, registry).config.training.epochs, 5);
});

Deno.test("resolveConfig() leaves parts as they are, and names what is wrong with them", () => {
  const options = { type: 7, model_kwargs: { a: { b: 1 } } };
  const part = configure(fake("encoder_type", "timm"), options);
  options.model_kwargs.a.b = 2;
  const issues = assertThrows(() => resolve(part, { training: { epochs: 0 } }), ConfigError).issues;
  assertEquals(issues.map(({ path }) => path), [
    "model.encoder.feature_dim",
    "model.encoder.type",
    "training.epochs",
  ]);
  assertEquals(part.options, { type: 7, model_kwargs: { a: { b: 2 } } });
  const wrong = { ...file, training: "fast" };
  const parts = [{ training: { epochs: 1 } }];
  assertThrows(() => resolveConfig({ file: wrong, parts }, registry), ConfigError, "training:");
});

Deno.test("configure() collects the plugins of a slot that may hold several", () => {
  const logger = (key: string) => configure(fake("logger", key));
  assertEquals(resolve(logger("mlflow")).logger.backend, "mlflow");
  assertEquals(resolve(logger("mlflow"), logger("none")).logger.backend, ["mlflow", "none"]);
});
