import {
  assertAlmostEquals,
  assertEquals,
  assertLess,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import * as v from "valibot";
import { constant, scalar } from "../../../engine/ir/create.ts";
import { initialValues } from "../../../engine/nn/initial_values.ts";
import { RandomStream } from "../../../engine/nn/random.ts";
import { linear, Parameters } from "../../../engine/nn/scope.ts";
import { eva } from "../../../engine/nn/vision/eva.ts";
import { evaluate } from "../../../engine/runtime/evaluate.ts";
import { Random } from "../../../engine/random.ts";
import { lora } from "../../../plugins/peft/lora.ts";
import { relativeError } from "../../_golden.ts";
import { ruleWeights } from "../../_timm.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(lora);

function declare(options: Readonly<Record<string, unknown>>) {
  const parameters = new Parameters();
  const peft = lora.create(v.parse(lora.config, options), {});
  peft.encoder(parameters.scope()).child("blocks.0.attn").linear("qkv", 25, 75);
  return { peft, parameters: parameters.list() };
}

Deno.test("lora begins with updates that are zero, unless told otherwise", () => {
  const largest = (options: Readonly<Record<string, unknown>>) =>
    declare(options).parameters.slice(2).map(({ shape, initializer }) =>
      Math.round(10 * initializer(shape, new Random(1)).reduce((a, b) => Math.max(a, b), 0)) / 10
    );
  assertEquals(largest({ lora_rank: 4 }), [0.2, 0]); // 1/√25
  assertEquals(largest({ lora_rank: 4, init_lora_weights: false }), [0.2, 0.5]); // 1/√25, 1/√4
});

Deno.test("lora names layers that it updates as peft does", () => {
  const { peft, parameters } = declare({});
  assertEquals(parameters.map(({ name }) => peft.otherName?.(name)), [
    "base_model.model.blocks.0.attn.qkv.base_layer.weight",
    "base_model.model.blocks.0.attn.qkv.base_layer.bias",
    "base_model.model.blocks.0.attn.qkv.lora_A.default.weight",
    "base_model.model.blocks.0.attn.qkv.lora_B.default.weight",
  ]);
  assertEquals(peft.otherName?.("cls_token"), "base_model.model.cls_token");
});

Deno.test("lora throws if the encoder has none of the layers", () => {
  const { peft } = declare({ lora_target_modules: ["mlp.fc1", "mlp.fc2"] });
  const message = "expected an encoder with linear layers called mlp.fc1, mlp.fc2";
  assertThrows(() => peft.finish?.(), RangeError, message);
});

Deno.test("lora updates every layer of EVA-02 that its default targets name", () => {
  const parameters = new Parameters();
  const peft = lora.create(v.parse(lora.config, {}), {});
  const sizes = { img_size: 8, patch_size: 4, embed_dim: 12, depth: 1, num_heads: 3 };
  const kwargs = { ...sizes, qkv_fused: false, swiglu_mlp: true, scale_mlp: true };
  eva(kwargs, { scope: peft.encoder(parameters.scope()), sampleShape: [3, 8, 8] });
  peft.finish?.();
  const trained = parameters.list().filter(({ trainable }) => trainable);
  assertEquals(
    trained.map(({ name }) => name).filter((name) => name.includes("lora_A")),
    ["attn.q_proj", "attn.k_proj", "attn.v_proj", "attn.proj", "mlp.fc1_g", "mlp.fc1_x", "mlp.fc2"]
      .map((layer) => `blocks.0.${layer}.lora_A.default.weight`),
  );
});

Deno.test("DoRA's magnitudes start from the lengths of the rows of the weight that is loaded", () => {
  const { parameters } = declare({ use_dora: true, lora_rank: 2 });
  const [weight, , , , magnitude] = parameters;
  assertEquals(magnitude.name, "blocks.0.attn.qkv.lora_magnitude_vector.default.weight");
  const lengths = (values: Float32Array) =>
    Float32Array.from(
      { length: 75 },
      (_, row) => Math.hypot(...values.subarray(25 * row, 25 * row + 25)),
    );
  const drawn = initialValues(parameters, 3);
  assertLess(relativeError(drawn.get(magnitude.name)!, lengths(drawn.get(weight.name)!)), 1e-6);
  const loaded = ruleWeights(weight.name, weight.shape);
  const found = initialValues(parameters, 3, new Map([[weight.name, loaded]])).get(magnitude.name)!;
  assertLess(relativeError(found, lengths(loaded)), 1e-6);
  assertNotEquals(found, drawn.get(magnitude.name));
});

Deno.test("DoRA's magnitudes count updates that do not begin at zero", () => {
  const options = { use_dora: true, init_lora_weights: false, lora_rank: 2, lora_alpha: 6 };
  const { parameters } = declare(options);
  const [weight, , down, up, magnitude] = parameters.map(({ name }) => name);
  const values = initialValues(parameters, 3);
  const row = Array.from({ length: 25 }, (_, i) => {
    const [first, second] = values.get(up)!;
    const [a, b] = [values.get(down)![i], values.get(down)![25 + i]];
    return values.get(weight)![i] + 3 * (first * a + second * b);
  });
  assertAlmostEquals(values.get(magnitude)![0], Math.hypot(...row), 1e-6);
});

Deno.test("DoRA gives what the layer gives as long as its updates are zero", async () => {
  const parameters = new Parameters();
  const peft = lora.create(v.parse(lora.config, { use_dora: true, lora_dropout: 0.5 }), {});
  const layer = peft.encoder(parameters.scope()).child("blocks.0.attn").linear("qkv", 6, 4);
  const list = parameters.list();
  const values = initialValues(list, 3);
  const feeds = Object.fromEntries(list.map(({ name, shape }) => {
    return [name, { dtype: "float32", shape, data: values.get(name)! } as const];
  }));
  const x = constant(ruleWeights("x", [3, 6]), [3, 6]);
  const plain = await evaluate(linear(x, list[0].tensor, list[1].tensor), feeds);
  for (const training of [false, true]) {
    const random = new RandomStream(scalar(1, "uint32"));
    const { data } = await evaluate(layer(x, { training, random }), feeds);
    assertLess(relativeError(data as Float32Array, plain.data as Float32Array), 1e-6);
  }
});
