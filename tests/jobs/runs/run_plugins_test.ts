import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { RunDirectory } from "../../../engine/train/run_directory.ts";
import { addPluginHint } from "../../../jobs/runs/run_plugins.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { inFolder } from "../../_training.ts";
import { fake, fakeRegistry, minimalFile } from "../../registry/_fakes.ts";

const registry = fakeRegistry();
const EXPECTED = 'model.head.head_type: expected one of "clam", "classification", ' +
  'received "attention_pool"';

/** The lines for a run whose head, and more, is not there. */
function explain(directory: string, tree: Record<string, unknown>): string[] {
  try {
    resolveConfig({ file: tree }, registry);
  } catch (error) {
    const run = { directory: new RunDirectory(directory), tree, registry };
    const explained = addPluginHint(error, run);
    assert(explained instanceof ConfigError && explained.cause === error);
    return explained.message.split("\n");
  }
  return [];
}

function fileWith(head_type: string): Record<string, unknown> {
  const file = minimalFile();
  return { ...file, model: { ...file.model, head: { head_type } } };
}

Deno.test("addPluginHint() names the modules that the run was made with", async () => {
  await inFolder(async (directory) => {
    const plugins = ["./attention_pool.ts", "other folder/mod.ts"];
    const info = JSON.stringify({ plugins });
    await Deno.writeTextFile(join(directory, "runtime_info.json"), info);
    const tree = { ...fileWith("attention_pool"), training: { epochs: 0 } };
    assertEquals(explain(directory, tree), [
      `${EXPECTED}; the run was made with --plugin ./attention_pool.ts ` +
      '--plugin "other folder/mod.ts": give that again, or import it first',
      "training.epochs: expected a whole number of at least 1, received 0",
    ]);
    const metrics = { ...minimalFile(), task: { metrics: ["acc", "brier"] } };
    const [line] = explain(directory, metrics);
    assert(line.startsWith("task.metrics: ") && line.includes("--plugin ./attention_pool.ts"));
  });
});

Deno.test("addPluginHint() knows where the policies of images stand", () => {
  const registry = fakeRegistry();
  registry.add(fake("policy", "default"));
  const augmentation = { train_policy: "own", test_policy: "default" };
  const tree = { data: { augmentation } };
  const issues = ["train_policy", "test_policy"].map((field) => ({
    path: `data.augmentation.${field}`,
    message: "expected another one",
  }));
  const error = new ConfigError(issues);
  const explained = addPluginHint(error, { directory: new RunDirectory("."), tree, registry });
  assert(explained instanceof ConfigError);
  assertEquals(explained.issues.map(({ message }) => message.includes("--plugin MODULE")), [
    true,
    false,
  ]);
});

Deno.test("addPluginHint() says how to name a module where the run does not", async () => {
  await inFolder(async (directory) => {
    const hint = "the plugin that brings it is missing: give --plugin MODULE, or import it first";
    assertEquals(explain(directory, fileWith("attention_pool")), [`${EXPECTED}; ${hint}`]);
    for (const text of ["{", "[]", '{"plugins": 3}']) {
      await Deno.writeTextFile(join(directory, "runtime_info.json"), text);
      assertEquals(explain(directory, fileWith("attention_pool")), [`${EXPECTED}; ${hint}`]);
    }
  });
});

Deno.test("addPluginHint() leaves other errors as they are", () => {
  const tree = { ...minimalFile(), training: { epochs: 0 } };
  const lines = ["training.epochs: expected a whole number of at least 1, received 0"];
  assertEquals(explain(".", tree), lines);
  const other = new RangeError("a");
  const directory = new RunDirectory(".");
  assert(addPluginHint(other, { directory, tree, registry }) === other);
});
