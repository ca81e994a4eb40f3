import "../../../plugins/mod.ts";
import { assertEquals, assertLess, assertRejects } from "@std/assert";
import { Random } from "../../../engine/random.ts";
import { Session, type Value } from "../../../engine/runtime/session.ts";
import { type Model, predictionGraph } from "../../../engine/train/model.ts";
import { mergedModel } from "../../../registry/builder/merged_model.ts";
import { assembleModel } from "../../../registry/builder/model.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { ConfigError } from "../../../registry/errors.ts";
import type { TaskInfo } from "../../../registry/plugin.ts";
import { registry } from "../../../registry/registry.ts";
import { relativeError } from "../../_golden.ts";
import { ruleWeights } from "../../_timm.ts";

const task: TaskInfo = { task: "Classification", subtask: "multiclass", numClasses: 3 };
const samples = { name: "made up", sampleShape: [3, 16, 16], bags: false };

function sourcesOf(peft: Readonly<Record<string, unknown>>) {
  const model_kwargs = { img_size: 16, patch_size: 8, embed_dim: 12, depth: 1, num_heads: 3 };
  const { config } = resolveConfig({
    file: {
      data: { dataset: "cifar10", augmentation: { train_policy: "default" } },
      model: {
        encoder: { encoder_type: "timm", type: "test_vit", pretrained: false, model_kwargs },
      },
      peft,
    },
  });
  return { config, registry };
}

type Values = ReadonlyMap<string, Float32Array<ArrayBuffer>>;

async function logitsOf(model: Model, values: Values): Promise<Float32Array> {
  const random = new Random(2);
  const data = Float32Array.from({ length: 2 * 3 * 16 * 16 }, () => random.normal());
  const features: Value = { dtype: "float32", shape: [2, ...samples.sampleShape], data };
  const weights = model.parameters.map(({ name, shape }): [string, Value] => {
    return [name, { dtype: "float32", shape, data: values.get(name)! }];
  });
  const session = await Session.create({ logits: predictionGraph(model).logits });
  const { logits } = await session.run({ features, ...Object.fromEntries(weights) });
  await session.release();
  return Float32Array.from(logits.data as Float32Array);
}

Deno.test("mergedModel() predicts what the model with adapters predicts", async () => {
  const sources = sourcesOf({ method: "lora", use_dora: true });
  const { model } = await assembleModel(sources, task, samples);
  const values = new Map(
    model.parameters.map(({ name, shape }) => [name, ruleWeights(name, shape)]),
  );
  const merged = await mergedModel(sources, { task, samples, values });
  const names = merged.stack.model.parameters.map(({ name }) => name);
  assertEquals(names, model.parameters.map(({ name }) => name).filter((n) => !n.includes("lora_")));
  assertEquals([merged.layers, [...merged.values.keys()]], [3, names]);
  const logits = await logitsOf(model, values);
  assertLess(relativeError(await logitsOf(merged.stack.model, merged.values), logits), 1e-5);
});

Deno.test("mergedModel() refuses adapters that are no part of weights", async () => {
  const sources = sourcesOf({ method: "convpass" });
  const options = { task, samples, values: new Map() };
  await assertRejects(() => mergedModel(sources, options), ConfigError, "cannot merge");
});
