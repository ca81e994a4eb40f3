import { assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { Parameters } from "../../../engine/nn/scope.ts";
import { eva } from "../../../engine/nn/vision/eva.ts";
import { Random } from "../../../engine/random.ts";
import { lora } from "../../../plugins/peft/lora.ts";
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
