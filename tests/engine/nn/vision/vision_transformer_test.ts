import { assert, assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import { input, scalar } from "../../../../engine/ir/create.ts";
import { concat } from "../../../../engine/ir/layout.ts";
import type { Tensor } from "../../../../engine/ir/node.ts";
import { RandomStream } from "../../../../engine/nn/random.ts";
import { Random } from "../../../../engine/random.ts";
import { type Parameter, Parameters } from "../../../../engine/nn/scope.ts";
import { wrapScope } from "../../../../engine/nn/wrap_scope.ts";
import { visionTransformer } from "../../../../engine/nn/vision/vision_transformer.ts";
import type { VisionModel } from "../../../../engine/nn/vision/vision_model.ts";
import { goldenJson, relativeError } from "../../../_golden.ts";
import { checkLayerGradients, EVALUATION, runOnRule, shapesOf } from "../../../_timm.ts";

interface Variant {
  readonly name: string;
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly sample_shape: readonly number[];
  readonly shape: readonly number[];
  readonly prefix: number;
  readonly parameters: Readonly<Record<string, readonly number[]>>;
  readonly values: readonly number[];
}

const SMALL = { img_size: 8, patch_size: 4, embed_dim: 12, depth: 2, num_heads: 3 };

function build(
  kwargs: Readonly<Record<string, unknown>>,
  sampleShape: readonly number[] = [3, 8, 8],
): { model: VisionModel; parameters: readonly Parameter[] } {
  const parameters = new Parameters();
  const model = visionTransformer(kwargs, { scope: parameters.scope(), sampleShape });
  return { model, parameters: parameters.list() };
}

// vision_transformers.json holds what timm 1.0.29 gives, in float32.
for (const variant of goldenJson<Variant[]>("vision_transformers.json")) {
  Deno.test(`visionTransformer() is timm's: ${variant.name}`, async () => {
    const { sample_shape, parameters: expected } = variant;
    const { model, parameters } = build(variant.kwargs, sample_shape);
    assertEquals(shapesOf(parameters), expected);
    assertEquals([model.output, model.embedDim], ["tokens", 12]);
    assertEquals(model.numPrefixTokens, variant.prefix);
    assertEquals(model.hasClassToken, "cls_token" in expected);
    const forward = (images: Tensor) => ({
      tokens: model.forward(images, EVALUATION),
    });
    const { tokens } = await runOnRule(parameters, forward, sample_shape);
    assertEquals([...tokens.shape], [...variant.shape]);
    assertLess(relativeError(tokens.data as Float32Array, variant.values), 5e-6);
  });
}

Deno.test("visionTransformer() tells of blocks, which may get and give other tokens", () => {
  const told: string[] = [];
  const parameters = new Parameters();
  const scope = wrapScope(parameters.scope(), {
    layer({ name, width, base }) {
      told.push(`${name} ${width}`);
      if (name !== "blocks.0") return base;
      return (x, context) => base(concat([x, x], 1), context);
    },
  });
  const model = visionTransformer(SMALL, { scope, sampleShape: [3, 8, 8] });
  const names = ["blocks.0.mlp_branch", "blocks.0", "blocks.1.mlp_branch", "blocks.1"];
  assertEquals(told, names.map((name) => `${name} 12`));
  const images = input("images", "float32", ["batch", 3, 8, 8]);
  assertEquals(model.forward(images, EVALUATION).shape, ["batch", 10, 12]);
});

Deno.test("visionTransformer() says what its positions are laid out for", () => {
  assertEquals(build(SMALL).model.positions, { grid: [2, 2], prefixTokens: 1 });
  assertEquals(
    build({ ...SMALL, dynamic_img_size: true, img_size: 12, no_embed_class: true }).model.positions,
    { grid: [3, 3], prefixTokens: 0 },
  );
  assertEquals(build({ ...SMALL, pos_embed: "none" }).model.positions, undefined);
});

Deno.test("visionTransformer() starts as timm's does", () => {
  const { parameters } = build({ ...SMALL, embed_dim: 96, init_values: 1e-5, reg_tokens: 4 });
  const spread = (name: string) => {
    const { shape, initializer } = parameters.find((each) => each.name === name)!;
    const values = initializer(shape, new Random(5));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    return { mean, std: Math.sqrt(square), largest: Math.max(...values) };
  };
  for (const name of ["pos_embed", "blocks.0.attn.qkv.weight", "blocks.1.mlp.fc2.weight"]) {
    assert(Math.abs(spread(name).std / 0.02 - 1) < 0.1, name);
  }
  assert(Math.abs(spread("reg_token").std / 1e-6 - 1) < 0.2);
  // Uniform in ±1/√48, as torch's convolutions start.
  assert(Math.abs(spread("patch_embed.proj.weight").std * Math.sqrt(3 * 48) - 1) < 0.1);
  assertLess(spread("patch_embed.proj.weight").largest, 1 / Math.sqrt(48));
  for (const name of ["blocks.0.attn.qkv.bias", "blocks.0.mlp.fc1.bias", "norm.bias"]) {
    assertEquals(spread(name), { mean: 0, std: 0, largest: 0 });
  }
  assertEquals(spread("blocks.0.ls1.gamma").largest, Math.fround(1e-5));
  assertEquals(spread("norm.weight"), { mean: 1, std: 0, largest: 1 });
});

Deno.test("visionTransformer() has the gradients of finite differences", async () => {
  const kwargs = { embed_dim: 6, depth: 1, num_heads: 2, mlp_ratio: 2, patch_size: 4, in_chans: 1 };
  const resampled = { dynamic_img_size: true, img_size: 12, reg_tokens: 1 };
  const sampleShape = [1, 8, 4];
  const names = await checkLayerGradients(
    (scope) => {
      const model = visionTransformer({ ...kwargs, ...resampled }, { scope, sampleShape });
      return (images) => model.forward(images, EVALUATION);
    },
    [1, ...sampleShape],
    { step: 1e-3, tolerance: 5e-3 },
  );
  for (const name of ["pos_embed", "patch_embed.proj.weight", "blocks.0.attn.qkv.weight"]) {
    assert(names.includes(name), name);
  }
});

Deno.test("visionTransformer() drops in training only", async () => {
  const difference = async (rates: Readonly<Record<string, number>>) => {
    const { model, parameters } = build({ ...SMALL, ...rates });
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

const refused: [kwargs: Record<string, unknown>, message: string][] = [
  [{ patch_drop: 0.1 }, 'received "patch_drop": 0.1'],
  [{ patch_drop_rate: 1 }, '"patch_drop_rate" of vision_transformer to be a rate of at least 0'],
  [{ img_size: 16 }, '"img_size" of vision_transformer to be [8,8], the size of the images'],
  [{ in_chans: 4 }, '"in_chans" of vision_transformer to be 3, the channels of the images'],
  [{ patch_size: 9 }, '"patch_size" of vision_transformer to be no larger than the images'],
  [{ patch_size: 3, dynamic_img_size: true }, '"patch_size" of vision_transformer to be a divisor'],
  [{ num_heads: 5 }, '"num_heads" of vision_transformer to be a divisor of embed_dim, 12'],
  [{ num_heads: 4, attn_layer: "diff" }, 'argument "num_heads" to leave heads of even width'],
  [{ mlp_layer: "ConvMlp" }, '"Mlp", "GluMlp", "SwiGLU" or "SwiGLUPacked", received "ConvMlp"'],
  [{ mlp_layer: "GluMlp", mlp_ratio: 1.3 }, '"mlp_ratio" to give a gated network an even width'],
  [{ block_fn: "Blok" }, '"ResPostBlock", received "Blok"'],
  [{ attn_layer: "rope" }, '"", "attn" or "diff", received "rope"'],
  [{ act_layer: "prelu" }, '"tanh", received "prelu"'],
  [{ norm_layer: "batchnorm" }, '"simplenormfp32", received "batchnorm"'],
  [{ embed_norm_layer: 7 }, "received 7"],
  [{ pos_embed: "rope" }, '"pos_embed" of vision_transformer to be "learn", "none" or ""'],
  [{ class_token: false }, '"global_pool" of vision_transformer to be "", "avg"'],
  [{ global_pool: "mean" }, '"prr", received "mean"'],
  [{ weight_init: "jax" }, '"weight_init" of vision_transformer to be "", received "jax"'],
  [{ fix_init: true }, '"fix_init" of vision_transformer to be false, received true'],
  [{ dynamic_img_pad: true }, '"dynamic_img_pad" of vision_transformer to be false'],
  [{ block_fn: "ParallelScalingBlock", scale_mlp_norm: true }, "to be false with parallel blocks"],
];

Deno.test("visionTransformer() names the argument that it does not support", () => {
  for (const [kwargs, message] of refused) {
    assertThrows(() => build({ ...SMALL, ...kwargs }), RangeError, message);
  }
});
