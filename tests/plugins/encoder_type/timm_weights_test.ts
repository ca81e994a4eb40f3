/** Weights of timm's models from files that others made. */
import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import * as v from "valibot";
import { DataError } from "../../../engine/errors.ts";
import { type Parameter, Parameters } from "../../../engine/nn/scope.ts";
import { type StoredTensor, storedTensor } from "../../../engine/storage/tensor_types.ts";
import { type TorchValue, writeTorchFile } from "../../../engine/storage/torch/torch_file.ts";
import { timm, type TimmConfig } from "../../../plugins/encoder_type/timm.ts";
import type { PretrainedWeights } from "../../../registry/plugin.ts";
import { TemporaryFolder, TORCH_FOLDER } from "../../engine/storage/testdata.ts";
import { ruleWeights } from "../../_timm.ts";

const VIT = { type: "test_vit", model_kwargs: { depth: 1, dynamic_img_size: false } };
const SHAPE = [3, 160, 160];

async function create(options: Partial<TimmConfig>) {
  const parameters = new Parameters();
  const context = { scope: parameters.scope(), sampleShape: SHAPE, source: "images" };
  const config = { ...v.parse(timm.config, {}), pretrained: false, ...options };
  return { encoder: await timm.create(config, context), parameters: parameters.list() };
}

/** Loads weights from a file with some content, which is called `w.pth` in notices. */
async function load(
  content: TorchValue,
  options: Partial<TimmConfig> = VIT,
): Promise<PretrainedWeights> {
  using folder = new TemporaryFolder();
  const path = folder.file("w.pth");
  await writeTorchFile(path, content);
  const { encoder } = await create({ ...options, weights_file: path });
  const weights = await encoder.pretrained!({});
  return { ...weights, notices: weights.notices.map((line) => line.replaceAll(path, "w.pth")) };
}

/** Values of a parameter that tell sets of weights apart. */
function values({ name, shape }: Parameter, factor: number): StoredTensor {
  return storedTensor("float32", shape, ruleWeights(name, shape).map((value) => factor * value));
}

/** A set of weights behind a prefix. */
async function weights(
  prefix: string,
  factor = 1,
  options = VIT,
): Promise<Record<string, StoredTensor>> {
  const { parameters } = await create(options);
  return Object.fromEntries(
    parameters.map((parameter) => [prefix + parameter.name, values(parameter, factor)]),
  );
}

async function assertLoaded(found: PretrainedWeights, factor = 1, options = VIT): Promise<void> {
  const { parameters } = await create(options);
  assertEquals(found.values.size, parameters.length);
  for (const parameter of parameters) {
    const expected = new Float32Array(values(parameter, factor).data.buffer as ArrayBuffer);
    assertEquals(found.values.get(parameter.name), expected);
  }
}

Deno.test("timm takes averaged weights of a checkpoint, or those that weights_key names", async () => {
  const content = {
    epoch: 3,
    state_dict: await weights("", 2),
    state_dict_ema: await weights("module.", 1),
  };
  const found = await load(content);
  await assertLoaded(found);
  assertEquals(
    found.notices,
    [
      'holds 2 sets of weights, "state_dict" and "state_dict_ema": "state_dict_ema" is taken; ' +
      "model.encoder.weights_key chooses another",
    ].map((line) => `"w.pth" ${line}`),
  );
  const raw = await load(content, { ...VIT, weights_key: "state_dict" });
  await assertLoaded(raw, 2);
  assertEquals(raw.notices, []);
});

Deno.test("timm takes the teacher of DINO and of DINOv2, and passes their heads over", async () => {
  const head = { "teacher.head.last.weight": storedTensor("float32", [1], Float32Array.of(0)) };
  const student = await weights("student.backbone.", 2);
  const dino2 = { model: { ...student, ...await weights("teacher.backbone."), ...head } };
  const found = await load(dino2);
  await assertLoaded(found);
  assertEquals(found.notices.length, 2);
  assertEquals(
    found.notices[1],
    'the encoder has no place for 1 tensor of "w.pth": "teacher.head.last.weight"',
  );
  const dino = {
    teacher: await weights("module.backbone."),
    student: await weights("backbone.", 2),
  };
  await assertLoaded(await load(dino));
  await assertLoaded(await load(dino, { ...VIT, weights_key: "student" }), 2);
});

Deno.test("timm reads a compiled model out of Lightning, with everything else beside it", async () => {
  const content = {
    "pytorch-lightning_version": "2.4.0",
    state_dict: await weights("model._orig_mod."),
    hyper_parameters: { lr: 0.1 },
    optimizer_states: [{ state: new Map([[0, { step: 1 }]]) }],
  };
  const found = await load(content);
  await assertLoaded(found);
  assertEquals(found.notices, []);
});

/** `[timm's name, its authors' name, shape in their file, shape in timm]` of each tensor. */
const FACEBOOK: Readonly<
  Record<string, readonly (readonly [string, string, readonly number[], readonly number[]])[]>
> = JSON.parse(Deno.readTextFileSync(`${TORCH_FOLDER}/facebook_convnext.json`));

for (const [type, tensors] of Object.entries(FACEBOOK)) {
  Deno.test(`timm reads ${type} under the names of ConvNeXt's authors`, async () => {
    const content = Object.fromEntries(
      tensors.map(([own, name, shape]) =>
        [name, storedTensor("float32", shape, ruleWeights(own, [...shape]))] as const
      ),
    );
    const found = await load({ model: content }, { type });
    const { parameters } = await create({ type });
    assertEquals([...found.values.keys()], parameters.map(({ name }) => name));
    const shapes = new Map(tensors.map(([own, , shape, timms]) => [own, [shape, timms]] as const));
    for (const { name, shape } of parameters) {
      const [given, timms] = shapes.get(name)!;
      assertEquals(shape, timms);
      assertEquals(found.values.get(name), ruleWeights(name, [...given]), name);
    }
    assertEquals(found.notices, []); // the classifier and its norm are nothing to tell
  });
}

/** A model of the eva family, and what its authors call some of its parameters. */
const EVAS: readonly [type: string, kwargs: Record<string, unknown>, Record<string, string>][] = [
  ["eva02_base_patch14_224", { embed_dim: 24, num_heads: 3, depth: 1 }, {
    "blocks.0.mlp.fc1_g.weight": "blocks.0.mlp.w1.weight",
    "blocks.0.mlp.fc1_x.bias": "blocks.0.mlp.w2.bias",
    "blocks.0.mlp.fc2.weight": "blocks.0.mlp.w3.weight",
    "blocks.0.mlp.norm.weight": "blocks.0.mlp.ffn_ln.weight",
    "blocks.0.attn.q_proj.bias": "blocks.0.attn.q_bias",
  }],
  ["eva02_tiny_patch14_224", { embed_dim: 24, num_heads: 3, depth: 1 }, {
    "blocks.0.mlp.fc1.weight": "blocks.0.mlp.w12.weight",
    "blocks.0.mlp.fc2.bias": "blocks.0.mlp.w3.bias",
  }],
  ["vit_small_plus_patch16_dinov3", { embed_dim: 24, num_heads: 3, depth: 1 }, {
    reg_token: "storage_tokens",
    "blocks.0.gamma_1": "blocks.0.ls1.gamma",
    "blocks.0.gamma_2": "blocks.0.ls2.gamma",
    "blocks.0.mlp.fc1_g.weight": "blocks.0.mlp.w1.weight",
    "blocks.0.mlp.fc1_x.weight": "blocks.0.mlp.w2.weight",
    "blocks.0.mlp.fc2.weight": "blocks.0.mlp.w3.weight",
  }],
];

for (const [type, model_kwargs, names] of EVAS) {
  Deno.test(`timm reads ${type} under the names of its authors`, async () => {
    const model = { type, model_kwargs };
    const { parameters } = await create(model);
    const renamed = new Set<string>();
    const content = Object.fromEntries(parameters.map((parameter) => {
      const name = names[parameter.name] ?? parameter.name;
      if (name !== parameter.name) renamed.add(name);
      return [name, values(parameter, 1)];
    }));
    assertEquals(renamed.size, Object.keys(names).length);
    const found = await load({ model: content }, model);
    assertEquals(found.notices, []);
    await assertLoaded(found, 1, model as typeof VIT);
  });
}

Deno.test("timm adds the class token's position to it where DINOv2 has registers", async () => {
  const model = {
    ...VIT,
    model_kwargs: { ...VIT.model_kwargs, reg_tokens: 4, no_embed_class: true },
  };
  const content = await weights("", 1, model);
  const { cls_token, pos_embed, reg_token, ...rest } = content;
  const own = ruleWeights("pos_embed", pos_embed.shape);
  const first = new Float32Array(64).fill(0.5);
  const positions = storedTensor("float32", [1, 101, 64], Float32Array.of(...first, ...own));
  const file = { ...rest, cls_token, pos_embed: positions, register_tokens: reg_token };
  const found = await load(file, model);
  assertEquals(found.notices, []);
  const token = ruleWeights("cls_token", [1, 1, 64]);
  assertEquals(found.values.get("cls_token"), token.map((value) => value + 0.5));
  assertEquals(found.values.get("pos_embed"), own);
  assertEquals(found.values.get("reg_token"), ruleWeights("reg_token", [1, 4, 64]));
});

Deno.test("timm shows names beside names where none of the known ones fit", async () => {
  const own = await weights("");
  const renamed = Object.fromEntries(
    Object.entries(own).map(([name, tensor]) => [name.replace("blocks.", "layers."), tensor]),
  );
  const error = await assertRejects(() => load({ state_dict: renamed }), DataError);
  for (const name of ["blocks.0.norm1.weight", "layers.0.norm1.weight"]) {
    assert(error.message.includes(`"${name}" [64]`), error.message);
  }
  assert(!error.message.includes("\n"));
});

Deno.test("timm prefers the set of weights of the model's size", async () => {
  const wide = Object.fromEntries(
    Object.entries(await weights("")).map(([name, { shape }]) => {
      const double = shape.map((size) => size === 64 ? 128 : size);
      return [name, storedTensor("float32", double, ruleWeights(name, double))];
    }),
  );
  await assertLoaded(await load({ teacher: wide, student: await weights("") }));
});

Deno.test("timm wants a file for a key", async () => {
  await assertRejects(
    () => create({ ...VIT, weights_key: "ema" }),
    RangeError,
    "expected weights_file to be given with weights_key",
  );
});

Deno.test("timm reads weights of half the precision", async () => {
  const { parameters } = await create(VIT);
  const content = Object.fromEntries(parameters.map((parameter) => {
    const half = new Float16Array(ruleWeights(parameter.name, parameter.shape));
    return [parameter.name, storedTensor("float16", parameter.shape, half)] as const;
  }));
  const found = await load({ state_dict: content });
  for (const { name, shape } of parameters) {
    const expected = ruleWeights(name, shape);
    const differences = found.values.get(name)!.map((value, i) => Math.abs(value - expected[i]));
    assertLess(Math.max(...differences), 1e-3);
  }
});
