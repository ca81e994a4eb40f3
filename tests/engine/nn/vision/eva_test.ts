import { assert, assertAlmostEquals, assertEquals, assertGreater, assertThrows } from "@std/assert";
import { scalar } from "../../../../engine/ir/create.ts";
import type { Tensor } from "../../../../engine/ir/node.ts";
import { RandomStream } from "../../../../engine/nn/random.ts";
import { type Parameter, Parameters } from "../../../../engine/nn/scope.ts";
import { eva } from "../../../../engine/nn/vision/eva.ts";
import type { VisionModel } from "../../../../engine/nn/vision/vision_model.ts";
import { Random } from "../../../../engine/random.ts";
import { relativeError } from "../../../_golden.ts";
import { EVALUATION, runOnRule } from "../../../_timm.ts";
import { testVariants } from "./_variants.ts";

const SMALL = {
  ...{ img_size: 8, patch_size: 4, embed_dim: 24, depth: 2, num_heads: 3 },
  ...{ use_rot_pos_emb: true, global_pool: "" },
};

// Outputs and gradients of timm 1.0.29.
testVariants("evas.json", eva);

function build(
  kwargs: Readonly<Record<string, unknown>>,
): { model: VisionModel; parameters: readonly Parameter[] } {
  const parameters = new Parameters();
  const model = eva({ ...SMALL, ...kwargs }, {
    scope: parameters.scope(),
    sampleShape: [3, 8, 8],
  });
  return { model, parameters: parameters.list() };
}

Deno.test("eva() says what its learned positions are laid out for", () => {
  assertEquals(build({}).model.positions, { grid: [2, 2], prefixTokens: 1 });
  assertEquals(
    build({ dynamic_img_size: true, img_size: 12, no_embed_class: true }).model.positions,
    { grid: [3, 3], prefixTokens: 0 },
  );
  assertEquals(build({ use_abs_pos_emb: false }).model.positions, undefined);
});

Deno.test("eva() starts as timm's does", () => {
  const { parameters } = build({
    ...{ embed_dim: 96, num_reg_tokens: 4, init_values: 1e-5, swiglu_mlp: true, scale_mlp: true },
    ...{ rope_type: "mixed", rope_temperature: 10 },
  });
  const spread = (name: string) => {
    const { shape, initializer } = parameters.find((each) => each.name === name)!;
    const values = initializer(shape, new Random(5));
    const square = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
    return Math.sqrt(square);
  };
  for (const name of ["pos_embed", "reg_token", "blocks.1.attn.qkv.weight"]) {
    assertAlmostEquals(spread(name) / 0.02, 1, 0.1, name);
  }
  // What goes back into the tokens starts smaller the deeper it stands; gates start as all layers.
  for (
    const [name, std] of [["attn.proj", 0.01], ["mlp.fc2", 0.01], ["mlp.fc1_g", 0.02]] as const
  ) {
    assertAlmostEquals(spread(`blocks.1.${name}.weight`) / std, 1, 0.1, name);
  }
  assertEquals(spread("blocks.0.mlp.fc1_g.bias"), 0);
  assertEquals(spread("blocks.0.attn.q_bias"), 0);
  assertAlmostEquals(spread("blocks.0.gamma_2"), 1e-5, 1e-9);
  // Frequencies of a head: 10 to the power of -4 · band / width, in two directions at right angles.
  const { shape, initializer } = parameters.find(({ name }) => name === "rope.freqs")!;
  assertEquals(shape, [2, 2, 3, 16]);
  const freqs = initializer(shape, new Random(5));
  for (const band of [0, 3, 7]) {
    const [x1, x2] = [freqs[band], freqs[8 + band]];
    const [y1, y2] = [freqs[96 + band], freqs[96 + 8 + band]];
    assertAlmostEquals(Math.hypot(x1, y1), 10 ** (-4 * band / 32), 1e-6);
    assertAlmostEquals(x1 * x2 + y1 * y2, 0, 1e-6);
  }
});

Deno.test("eva() drops in training only", async () => {
  const difference = async (rates: Readonly<Record<string, number>>) => {
    const { model, parameters } = build(rates);
    const random = new RandomStream(scalar(5, "uint32"));
    const forward = (images: Tensor) => ({
      evaluation: model.forward(images, EVALUATION),
      training: model.forward(images, { training: true, random }),
    });
    const { evaluation, training } = await runOnRule(parameters, forward, [3, 8, 8]);
    return relativeError(training.data as Float32Array, evaluation.data as Float32Array);
  };
  assertEquals(await difference({ drop_rate: 0.5 }), 0);
  for (const name of ["pos_drop_rate", "attn_drop_rate", "proj_drop_rate", "drop_path_rate"]) {
    assertGreater(await difference({ [name]: 0.5 }), 0.01, name);
  }
});

Deno.test("eva() trains every parameter, and has as many biases as its attention", () => {
  const biases = (kwargs: Readonly<Record<string, unknown>>) => {
    const { parameters } = build(kwargs);
    assert(parameters.every(({ trainable }) => trainable));
    return parameters.map(({ name }) => name)
      .filter((name) => /^blocks\.0\.attn\.(?!proj).*bias$/.test(name))
      .map((name) => name.slice("blocks.0.attn.".length));
  };
  assertEquals(biases({}), ["q_bias", "v_bias"]);
  assertEquals(biases({ qkv_bias: false }), []);
  assertEquals(biases({ qkv_fused: false }), ["q_proj.bias", "v_proj.bias"]);
  assertEquals(biases({ attn_type: "rope" }), ["qkv.bias"]);
  assertEquals(biases({ attn_type: "rope", qkv_fused: false }), [
    "q_proj.bias",
    "k_proj.bias",
    "v_proj.bias",
  ]);
});

const refused: [kwargs: Record<string, unknown>, message: string][] = [
  [{ reg_tokens: 4 }, 'received "reg_tokens": 4'],
  [{ patch_drop_rate: 0.1 }, '"patch_drop_rate" of eva to be 0, received 0.1'],
  [{ dynamic_img_pad: true }, '"dynamic_img_pad" of eva to be false'],
  [{ img_size: 16 }, '"img_size" of eva to be [8,8], the size of the images'],
  [{ in_chans: 4 }, '"in_chans" of eva to be 3, the channels of the images'],
  [{ num_heads: 5 }, '"num_heads" of eva to be a divisor of embed_dim, 24'],
  [{ num_heads: 4 }, '"num_heads" of eva to be one that leaves heads of a width divisible by 4'],
  [{ rope_type: "mrope" }, '"rope_type" of eva to be "cat", "mixed" or "dinov3", received "mrope"'],
  [{ rope_grid_indexing: "yx" }, '"rope_grid_indexing" of eva to be "ij" or "xy"'],
  [{ attn_type: "diff" }, '"attn_type" of eva to be "eva" or "rope", received "diff"'],
  [{ norm_layer: "batchnorm" }, '"simplenormfp32", received "batchnorm"'],
  [{ global_pool: "mean" }, '"map", received "mean"'],
];

Deno.test("eva() names the argument that it does not support", () => {
  for (const [kwargs, message] of refused) {
    assertThrows(() => build(kwargs), RangeError, message);
  }
});
