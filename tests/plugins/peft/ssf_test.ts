import { assertEquals, assertThrows } from "@std/assert";
import { ones } from "../../../engine/nn/initializers.ts";
import { Parameters } from "../../../engine/nn/scope.ts";
import { eva } from "../../../engine/nn/vision/eva.ts";
import { ssf } from "../../../plugins/peft/ssf.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(ssf);

Deno.test("ssf throws if the encoder has no blocks, or norms without biases", () => {
  const parameters = new Parameters();
  const peft = ssf.create({}, {});
  const scope = peft.encoder(parameters.scope());
  scope.linear("fc", 2, 2);
  const none = 'expected an encoder with blocks of attention, called "blocks"';
  assertThrows(() => peft.finish?.(), RangeError, none);
  scope.child("blocks.0.norm1").parameter("weight", [2], ones);
  const unbiased = 'expected an encoder whose norms have biases, "blocks.0.norm1" has none';
  assertThrows(() => peft.finish?.(), RangeError, unbiased);
});

Deno.test("ssf scales queries, keys and values from layers of their own, gates and values too", () => {
  const parameters = new Parameters();
  const peft = ssf.create({}, {});
  const sizes = { img_size: 8, patch_size: 4, embed_dim: 12, depth: 1, num_heads: 3 };
  const kwargs = { ...sizes, qkv_fused: false, swiglu_mlp: true, scale_mlp: true };
  eva(kwargs, { scope: peft.encoder(parameters.scope()), sampleShape: [3, 8, 8] });
  peft.finish?.();
  const trained = parameters.list().filter(({ trainable }) => trainable);
  assertEquals(
    trained.map(({ name }) => name).filter((name) => name.endsWith(".scale")),
    ["norm1", "q", "k", "v", "proj", "norm2", "fc1_g", "fc1_x", "fc2"]
      .map((layer) => `blocks.0.ssf_${layer}.scale`),
  );
});
