import { assertEquals } from "@std/assert";
import { flag } from "../../../registry/config/flag.ts";
import { selectPlugins } from "../../../registry/config/select.ts";
import { fakeRegistry, minimalFile } from "../_fakes.ts";

const registry = fakeRegistry();

Deno.test("selectPlugins() tells where a key comes from", () => {
  const { selections } = selectPlugins(
    minimalFile(),
    [flag("model.head.head_type", "clam"), flag("task.metrics", '["auroc"]')],
    { registry },
  );
  const found = Object.fromEntries(
    selections.map(({ slot, keys, source }) => [slot, [keys.join(" "), source]]),
  );
  assertEquals(found, {
    dataset: ["precomputed_features", "file"],
    encoder_type: ["precomputed", "file"],
    head_type: ["clam", "flag"],
    peft: ["full_finetuning", "default"],
    metric: ["auroc", "flag"],
    optimizer: ["AdamW", "default"],
    scheduler: ["CosineAnneal", "default"],
    logger: ["none", "default"],
  });
});

Deno.test("selectPlugins() goes on after a key that is unknown or no text", () => {
  const file = {
    ...minimalFile(),
    peft: { method: 3 },
    task: { metrics: ["acc", 3] },
    logger: { backend: "nome" },
  };
  const { selections, issues } = selectPlugins(file, [], { registry });
  assertEquals(issues.map(({ path, message }) => `${path}: ${message}`), [
    'peft.method: expected one of "full_finetuning", "lora", received 3',
    'task.metrics: expected a list, each one of "acc", "auroc", "f1", received ["acc",3]',
    'logger.backend: expected one of "mlflow", "none", received "nome", did you mean "none"?',
  ]);
  assertEquals(
    selections.filter(({ complete }) => !complete).map(({ slot }) => slot),
    ["peft", "metric", "logger"],
  );
});

Deno.test("selectPlugins() takes one key or several where a slot may hold several", () => {
  const keysOf = (file: unknown, ...words: string[]) => {
    const flags = words.length > 0 ? [flag("logger.backend", ...words)] : [];
    const { selections, issues } = selectPlugins({ logger: { backend: file } }, flags, {
      registry,
    });
    const { keys, source, replaced } = selections.find(({ slot }) => slot === "logger")!;
    const wrong = issues.filter(({ path }) => path === "logger.backend").map(({ message }) =>
      message
    );
    return wrong.length > 0 ? wrong : [keys, source, replaced];
  };
  assertEquals(keysOf("mlflow"), [["mlflow"], "file", undefined]);
  assertEquals(keysOf(["mlflow", "none"]), [["mlflow", "none"], "file", undefined]);
  assertEquals(keysOf(["none"], "mlflow", "none"), [["mlflow", "none"], "flag", ["none"]]);
  assertEquals(keysOf(undefined, '["mlflow"]'), [["mlflow"], "flag", []]);
  const expected = 'expected one of "mlflow", "none", received';
  assertEquals(keysOf([]), [`${expected} []`]);
  assertEquals(keysOf(["none", 3]), [`${expected} ["none",3]`]);
  assertEquals(keysOf(["none", "nome", "wandb"]), [
    `${expected} "nome", did you mean "none"?`,
    `${expected} "wandb"`,
  ]);
});
