import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { checkpointConfig } from "../../../jobs/runs/checkpoint_config.ts";

const config = {
  data: { dataset: "precomputed_features", num_classes: 2 },
  model: { encoder: { encoder_type: "precomputed", feature_dim: 8 }, head: { head_type: "clam" } },
  peft: { method: "full_finetuning" },
  training: { epochs: 3 },
};
const encoder = { encoder_type: "timm", type: "resnet18" };

/** A run directory with a checkpoint and these files. */
function run(files: Readonly<Record<string, unknown>>): { directory: string; checkpoint: string } {
  const directory = Deno.makeTempDirSync();
  Deno.mkdirSync(join(directory, "checkpoints"));
  const checkpoint = join(directory, "checkpoints", "last.pt");
  Deno.writeTextFileSync(checkpoint, "");
  for (const [name, value] of Object.entries(files)) {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    Deno.writeTextFileSync(join(directory, name), text);
  }
  return { directory, checkpoint };
}

Deno.test("checkpointConfig() takes data, model and peft of the run", () => {
  const { directory, checkpoint } = run({ "config.json": config });
  const { training: _, ...tree } = config;
  for (const dataset of [undefined, "precomputed_features"]) {
    const found = checkpointConfig(checkpoint, dataset);
    assertEquals([found.tree, found.directory.path], [tree, directory]);
  }
});

Deno.test("checkpointConfig() brings back the encoder that made a run's features", () => {
  const features = {
    encoder: JSON.stringify(encoder),
    feature_aggregation_method: "avg",
    augmentation: '{"image_size":64}',
  };
  const { checkpoint } = run({ "config.json": config, "runtime_info.json": { features } });
  assertEquals(checkpointConfig(checkpoint, "cifar10").tree, {
    data: { ...config.data, augmentation: { image_size: 64 } },
    model: { ...config.model, encoder },
    peft: config.peft,
    method: "avg",
  });
  assertEquals(checkpointConfig(checkpoint).tree.model, config.model);
});

Deno.test("checkpointConfig() does without a record of the features", () => {
  for (const info of [{}, { features: { encoder: "no JSON" } }, "no JSON", { features: 3 }]) {
    const { checkpoint } = run({ "config.json": config, "runtime_info.json": info });
    assertEquals(checkpointConfig(checkpoint, "cifar10").tree.model, config.model);
  }
});

Deno.test("checkpointConfig() names what is missing or cannot be read", () => {
  const { checkpoint, directory } = run({});
  const file = join(directory, "config.json");
  const fail = (path: string) => assertThrows(() => checkpointConfig(path), DataError).message;
  assertEquals(fail("no/last.pt"), 'Cannot read checkpoint "no/last.pt": it does not exist');
  assertEquals(fail(directory), `Cannot read checkpoint "${directory}": it is not a file`);
  const use = `Cannot use checkpoint "${checkpoint}": its config "${file}"`;
  assertEquals(fail(checkpoint), `${use} does not exist`);
  Deno.writeTextFileSync(file, "{");
  assertEquals(
    fail(checkpoint),
    `${use} is not JSON: Expected property name or '}' in JSON at position 1 (line 1 column 2)`,
  );
  Deno.writeTextFileSync(file, "[]");
  assertEquals(fail(checkpoint), `${use} holds no config`);
});
