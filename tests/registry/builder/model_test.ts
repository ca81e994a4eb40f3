import { assertEquals, assertRejects } from "@std/assert";
import * as v from "valibot";
import "../../../plugins/mod.ts";
import { reshape } from "../../../engine/ir/layout.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import type { Split } from "../../../engine/data/data.ts";
import { modelGraph, modelInputs } from "../../../engine/train/model.ts";
import { emptyRecord } from "../../../engine/nn/recorded_scope.ts";
import { type AdapterOptions, assembleModel } from "../../../registry/builder/model.ts";
import { ConfigError } from "../../../registry/errors.ts";
import type { Encoder, TaskInfo } from "../../../registry/plugin.ts";
import { Registry, registry as builtIn } from "../../../registry/registry.ts";
import { type Flags, runConfig } from "../../_training.ts";

const files = { folder: "f", train: "train.h5", val: "val.h5", test: "test.h5" };
const task: TaskInfo = { task: "Classification", subtask: "multiclass", numClasses: 3 };
const split: Split = {
  name: "train.h5",
  length: 4,
  labels: { values: new Int32Array(4), width: 1 },
  sampleShape: [6],
  source: { module: "", options: {} },
};

/** Encoders that take six values for tokens, or for maps. */
const layouts: Record<string, Partial<Encoder> & { forward(x: Tensor): Tensor }> = {
  tokens: {
    output: "tokens",
    hasClassToken: true,
    embedDim: 2,
    numPrefixTokens: 1,
    forward: (x) => reshape(x, ["batch", 3, 2]),
  },
  patches: { output: "tokens", embedDim: 2, forward: (x) => reshape(x, ["batch", 3, 2]) },
  map: { output: "map", embedDim: 1, forward: (x) => reshape(x, ["batch", 1, 2, 3]) },
  features: { output: "features", embedDim: 6, forward: (x) => x },
};

/** Builds a model whose encoder gives a layout and has one layer of its own. */
async function build(
  layout: string,
  flags: Flags = {},
  change: Partial<Split> = {},
  adapters: AdapterOptions = {},
) {
  const registry = new Registry();
  for (const key of builtIn.list("head_type")) registry.add(builtIn.get("head_type", key));
  for (const key of builtIn.list("peft")) registry.add(builtIn.get("peft", key));
  registry.add({
    slot: "encoder_type",
    key: "precomputed",
    description: "an encoder for tests",
    config: v.strictObject({ feature_dim: v.number() }),
    create(_, { scope }) {
      const fc = scope.linear("fc", 6, 6);
      const { forward, ...encoder } = layouts[layout];
      return { ...encoder, forward: (x, context) => forward(fc(x, context)) } as Encoder;
    },
  });
  const config = runConfig(files, flags);
  const samples = { ...split, ...change };
  const bags = samples.bagLengths !== undefined;
  return (await assembleModel({ config, registry }, task, { ...samples, bags }, adapters)).model;
}

Deno.test("buildModel() names parameters as GloViTa's state dicts do", async () => {
  const model = await build("features");
  assertEquals(model.parameters.map(({ name, shape, trainable }) => [name, shape, trainable]), [
    ["encoder.model.fc.weight", [6, 6], true],
    ["encoder.model.fc.bias", [6], true],
    ["head.fc.fc.weight", [3, 6], true],
    ["head.fc.fc.bias", [3], true],
  ]);
  assertEquals([model.numClasses, model.bags, model.sampleShape], [3, false, [6]]);
});

Deno.test("buildModel() pools what the encoder gives to one embedding per sample", async () => {
  const widths: [layout: string, method: string, width: number][] = [
    ["features", "joint", 6],
    ["tokens", "cls_token", 2],
    ["tokens", "avg", 2],
    ["tokens", "sum", 2],
    ["tokens", "mean_all", 2],
    ["tokens", "joint", 4],
    ["map", "joint", 1],
  ];
  for (const [layout, method, width] of widths) {
    const model = await build(layout, { "model.feature_aggregation_method": method });
    const weight = model.parameters.find(({ name }) => name === "head.fc.fc.weight");
    assertEquals(weight?.shape, [3, width]);
    const { scores, loss } = modelGraph(model, { training: true });
    assertEquals([scores.shape, loss.shape], [["batch", 3], []]);
  }
});

Deno.test("buildModel() trains the head only with linear probing", async () => {
  const model = await build("features", { "peft.method": "linear_probing" });
  assertEquals(model.parameters.map(({ trainable }) => trainable), [false, false, true, true]);
});

Deno.test("assembleModel() adds a method's losses where it trains", async () => {
  const adalora = { "peft.method": "adalora", "peft.adalora_target_modules": "fc" };
  const model = await build("features", adalora);
  const { parts } = modelGraph(model, { training: true });
  assertEquals(Object.keys(parts), ["task", "orthogonality"]);
  assertEquals(modelGraph(model, { training: false }).parts, {});
});

Deno.test("assembleModel() leaves adapters out, or notes what layers are given of them", async () => {
  const lora = { "peft.method": "lora", "peft.lora_target_modules": "fc" };
  const plain = await build("features", lora, {}, { adapters: false });
  const names = plain.parameters.map(({ name }) => name);
  assertEquals(names, (await build("features")).parameters.map(({ name }) => name));
  const record = emptyRecord();
  const model = await build("features", lora, {}, { record });
  assertEquals(model.parameters.length, plain.parameters.length + 2);
  assertEquals(record.linears.map(({ name }) => name), ["encoder.model.fc", "head.fc.fc"]);
});

Deno.test("buildModel() gives bags to heads that take bags, and to no others", async () => {
  const bags = { bagLengths: Int32Array.of(1, 2, 3, 4) };
  const clam = { "model.head.head_type": "clam" };
  const model = await build("features", clam, bags);
  assertEquals(model.bags, true);
  assertEquals(modelInputs(model).features.shape, ["instances", 6]);
  const first = await assertRejects(() => build("features", {}, bags), ConfigError);
  assertEquals(
    first.message,
    'model.head.head_type: "classification" takes one embedding per sample, ' +
      '"train.h5" holds bags of instances',
  );
  const second = await assertRejects(() => build("features", clam), ConfigError);
  assertEquals(
    second.message,
    'model.head.head_type: "clam" takes bags of instances, "train.h5" holds single instances',
  );
});

Deno.test("buildModel() pools no class token of an encoder that has none", async () => {
  const flags = { "model.feature_aggregation_method": "joint" };
  const error = await assertRejects(() => build("patches", flags), ConfigError);
  assertEquals(
    error.message,
    'model.feature_aggregation_method: expected one of "avg", "sum", "mean_all", received "joint": ' +
      "the encoder has no class token",
  );
  const model = await build("patches", { "model.feature_aggregation_method": "avg" });
  assertEquals(model.parameters.at(-2)?.shape, [3, 2]);
});
