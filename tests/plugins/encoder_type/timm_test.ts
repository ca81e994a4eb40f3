import { assert, assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import * as v from "valibot";
import { DataError } from "../../../engine/errors.ts";
import { sha256OfFile } from "../../../engine/hub/sha256.ts";
import { type Parameter, Parameters } from "../../../engine/nn/scope.ts";
import { writeSafetensors } from "../../../engine/storage/safetensors.ts";
import { type StoredTensor, storedTensor } from "../../../engine/storage/tensor_types.ts";
import { writeTorchFile } from "../../../engine/storage/torch/torch_file.ts";
import { timm, type TimmConfig } from "../../../plugins/encoder_type/timm.ts";
import type { Encoder, PretrainedWeights } from "../../../registry/plugin.ts";
import { ruleWeights } from "../../_timm.ts";

const defaults = v.parse(timm.config, {});
const SHAPE = [3, 160, 160];
/** Of a small transformer that is made for its images; test_vit is made for any. */
const FIXED = { depth: 1, dynamic_img_size: false };

async function create(
  options: Partial<TimmConfig> = {},
  sampleShape: readonly number[] = SHAPE,
): Promise<{ encoder: Encoder; parameters: readonly Parameter[] }> {
  const parameters = new Parameters();
  const context = { scope: parameters.scope(), sampleShape, source: "images" };
  const config = { ...defaults, type: "test_vit", pretrained: false, ...options };
  return { encoder: await timm.create(config, context), parameters: parameters.list() };
}

const shapeOf = (parameters: readonly Parameter[], name: string) =>
  parameters.find((parameter) => parameter.name === name)?.shape;

Deno.test("timm has GloViTa's defaults", () => {
  assertEquals(defaults, {
    type: "vit_base_patch16_224",
    pretrained: true,
    input_channels: 3,
    model_kwargs: {},
    weights_file: null,
    weights_key: null,
  });
});

Deno.test("timm says what the weights expect of images", () => {
  assertEquals(timm.preprocessing!({ ...defaults, type: "resnet50.a1_in1k" }), {
    channels: 3,
    imageSize: [224, 224],
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    interpolation: "bicubic",
    cropPct: 0.95,
    cropMode: "center",
  });
  const type = "eva_large_patch14_336.in22k_ft_in22k_in1k";
  const eva = timm.preprocessing!({ ...defaults, type });
  assertEquals([eva.imageSize, eva.cropPct, eva.cropMode], [[336, 336], 1, "squash"]);
});

Deno.test("timm asks for nothing but img_size without trained weights", () => {
  const untrained = { ...defaults, type: "vit_tiny_patch16_384", pretrained: false };
  assertEquals(timm.preprocessing!(untrained), { channels: 3, nominalSize: [384, 384] });
  const sized = timm.preprocessing!({ ...untrained, model_kwargs: { img_size: 64 } });
  assertEquals([sized.imageSize, sized.mean], [[64, 64], undefined]);
  const trained = timm.preprocessing!({ ...untrained, weights_file: "vit.safetensors" });
  assertEquals([trained.imageSize, trained.nominalSize], [[384, 384], undefined]);
});

Deno.test("timm prefers img_size, and averages what it knows of three channels", () => {
  const type = "vit_tiny_patch16_224";
  const grey = timm.preprocessing!({ ...defaults, type, input_channels: 1 });
  assertEquals([grey.channels, grey.mean, grey.std], [1, [0.5], [0.5]]);
  const imagenet = timm.preprocessing!({ ...defaults, type: "resnet18", input_channels: 1 });
  assert(Math.abs(imagenet.mean![0] - 0.449) < 1e-12 && imagenet.std!.length === 1);
  const sized = (img_size: unknown) =>
    timm.preprocessing!({ ...defaults, type, model_kwargs: { img_size } }).imageSize;
  assertEquals([sized(112), sized([96, 64])], [[112, 112], [96, 64]]);
  assertThrows(() => sized("large"), RangeError, 'received "large"');
});

Deno.test("timm names what is near to an unknown model", async () => {
  const type = "resnt50";
  assertThrows(() => timm.preprocessing!({ ...defaults, type }), RangeError, '"resnet50"?');
  await assertRejects(() => create({ type }), RangeError, 'mean "resnet50"?');
  await assertRejects(() => create({ type: "test_vit.x" }), RangeError, 'out of "r160_in1k"');
});

Deno.test("timm makes vision transformers for the images that come", async () => {
  const { encoder, parameters } = await create({ model_kwargs: FIXED }, [3, 96, 64]);
  assertEquals(shapeOf(parameters, "pos_embed"), [1, 1 + 6 * 4, 64]);
  assertEquals([encoder.output, encoder.hasClassToken], ["tokens", true]);
  const fixed = () => create({ model_kwargs: { ...FIXED, img_size: 64 } });
  await assertRejects(fixed, RangeError, '"img_size" of vision_transformer to be [160,160]');
});

Deno.test("timm keeps the weights' grid with dynamic_img_size", async () => {
  const dynamic = async (img_size: unknown) => {
    const model_kwargs = { dynamic_img_size: true, ...img_size ? { img_size } : {} };
    const { parameters } = await create({ model_kwargs }, [3, 96, 64]);
    return shapeOf(parameters, "pos_embed");
  };
  assertEquals(await dynamic(undefined), [1, 1 + 10 * 10, 64]);
  assertEquals(await dynamic(64), [1, 1 + 4 * 4, 64]);
});

Deno.test("timm passes arguments on, and names what it does not support", async () => {
  const uni = { init_values: 1e-5, dynamic_img_size: true, num_classes: 0, global_pool: "token" };
  const scaled = await create({ model_kwargs: uni });
  assertEquals(shapeOf(scaled.parameters, "blocks.0.ls1.gamma"), [64]);
  const virchow = { mlp_layer: "SwiGLUPacked", act_layer: "SiLU", reg_tokens: 4, img_size: 160 };
  const { parameters, encoder } = await create({ model_kwargs: virchow });
  assertEquals(shapeOf(parameters, "blocks.0.mlp.fc2.weight"), [64, 96]);
  assertEquals(encoder.numPrefixTokens, 5);
  const misspelled = () => create({ model_kwargs: { init_value: 1 } });
  await assertRejects(misspelled, RangeError, 'received "init_value": 1');
  const channels = () => create({ model_kwargs: { in_chans: 1 } });
  await assertRejects(channels, RangeError, "to be input_channels, 3, received 1");
  const sized = () => create({ type: "test_resnet", model_kwargs: { img_size: 160 } });
  await assertRejects(sized, RangeError, 'received "img_size": 160');
});

Deno.test("timm wants images of the channels that were announced", async () => {
  for (const [shape, found] of [[[1, 160, 160], "1×160×160"], [[64], "64"]] as const) {
    const error = await assertRejects(() => create({}, shape), DataError);
    assertEquals(
      error.message,
      `Cannot use "images": its samples are ${found}, the encoder takes images of 3 channels`,
    );
  }
});

Deno.test("timm loads nothing where nothing is wanted", async () => {
  assertEquals((await create()).encoder.pretrained, undefined);
});

Deno.test("timm refuses pretrained where there are no weights", async () => {
  const type = "test_vit4";
  await assertRejects(
    () => create({ type, pretrained: true }),
    RangeError,
    'expected pretrained to be false, there are no weights of "test_vit4.r160_in1k"',
  );
  await create({ type, pretrained: true, weights_file: "weights.pt" });
});

/** A state dict of a small transformer by the rule, with some entries changed. */
async function stateDict(
  changes: Readonly<Record<string, readonly number[] | undefined>> = {},
): Promise<Map<string, StoredTensor>> {
  const { parameters } = await create({ model_kwargs: FIXED });
  const shapes = new Map(parameters.map(({ name, shape }) => [name, shape]));
  for (const [name, shape] of Object.entries(changes)) {
    if (shape) shapes.set(name, shape);
    else shapes.delete(name);
  }
  return new Map(
    [...shapes].map((
      [name, shape],
    ) => [name, storedTensor("float32", shape, ruleWeights(name, shape))]),
  );
}

async function load(
  tensors: ReadonlyMap<string, StoredTensor>,
  options: Partial<TimmConfig> = {},
  sampleShape = SHAPE,
): Promise<PretrainedWeights & { readonly path: string }> {
  const path = `${await Deno.makeTempDir()}/weights.safetensors`;
  await writeSafetensors(path, tensors);
  const config = { model_kwargs: FIXED, weights_file: path, pretrained: true, ...options };
  const { encoder } = await create(config, sampleShape);
  return { ...await encoder.pretrained!({}), path };
}

Deno.test("timm reads a file of weights by path, and passes classifiers over", async () => {
  const beyond = { "head.weight": [5, 64], "head.bias": [5], "fc_norm.weight": [64] };
  const { values, file, notices, path } = await load(await stateDict(beyond));
  assertEquals([file, notices], [path, []]);
  const { parameters } = await create({ model_kwargs: FIXED });
  assertEquals([...values.keys()], parameters.map(({ name }) => name));
  for (const { name, shape } of parameters) {
    assertEquals(values.get(name), ruleWeights(name, shape));
  }
});

Deno.test("timm takes the names of GloViTa, OpenCLIP and data parallel training", async () => {
  const tensors = await stateDict();
  for (const prefix of ["encoder.model.", "model.", "module.model.", "visual.trunk."]) {
    const path = `${await Deno.makeTempDir()}/last.pt`;
    const renamed = new Map([...tensors].map(([name, tensor]) => [prefix + name, tensor]));
    await writeTorchFile(path, { state_dict: renamed });
    const { encoder } = await create({ model_kwargs: FIXED, weights_file: path });
    assertEquals((await encoder.pretrained!({})).values.size, tensors.size);
  }
});

Deno.test("timm resamples positions and adapts the first layer", async () => {
  const input_channels = 1;
  const { values } = await load(await stateDict(), { input_channels }, [1, 64, 96]);
  const kernel = ruleWeights("patch_embed.proj.weight", [64, 3, 16, 16]);
  const grey = kernel[0] + kernel[256] + kernel[512];
  assertLess(Math.abs(values.get("patch_embed.proj.weight")![0] - grey), 1e-7);
  const positions = values.get("pos_embed")!;
  assertEquals(positions.length, (1 + 4 * 6) * 64);
  assertEquals(positions.slice(0, 64), ruleWeights("pos_embed", [1, 101, 64]).slice(0, 64));
});

Deno.test("timm leaves a new norm alone where only pooled tokens were normalised", async () => {
  const pooled = { "norm.weight": undefined, "norm.bias": undefined, "fc_norm.weight": [64] };
  const { values, notices, path } = await load(await stateDict(pooled));
  assertEquals([values.has("norm.weight"), values.has("pos_embed")], [false, true]);
  assertEquals(notices, [`"${path}" has no norm of all tokens: it begins as the identity`]);
});

Deno.test("timm names the tensors that it has no place for", async () => {
  const more = { "blocks.1.norm1.weight": [64], "blocks.1.norm1.bias": [64], "a": [1], "b": [1] };
  const { notices, path } = await load(await stateDict(more));
  assertEquals(notices, [
    `the encoder has no place for 4 tensors of "${path}": "a", "b", "blocks.1.norm1.bias", …`,
  ]);
});

Deno.test("timm names the tensor that is missing or does not fit", async () => {
  const cases: [changes: Record<string, number[] | undefined>, state: string][] = [
    [{ "norm.bias": undefined }, `it lacks 1 of the model's 18 tensors: "norm.bias" [64]`],
    [
      { cls_token: [1, 1, 32] },
      'tensor "cls_token" has the shape [1, 1, 32], the model wants [1, 1, 64]',
    ],
    [
      { pos_embed: [1, 99, 64] },
      'tensor "pos_embed" has the shape [1, 99, 64], the model wants [1, 101, 64]',
    ],
  ];
  for (const [changes, state] of cases) {
    const tensors = await stateDict(changes);
    const error = await assertRejects(() => load(tensors), DataError, state);
    assertEquals(error.dataset, Object.keys(changes)[0]);
    assert(error.message.startsWith(`Cannot load weights from "${error.file}": `));
  }
});

Deno.test("timm finds the tag's weights in the hub's cache", async () => {
  const cache = await Deno.makeTempDir();
  const folder = `${cache}/models--timm--test_vit.r160_in1k`;
  await Deno.mkdir(`${folder}/refs`, { recursive: true });
  await Deno.mkdir(`${folder}/snapshots/abc`, { recursive: true });
  await Deno.writeTextFile(`${folder}/refs/main`, "abc");
  const file = `${folder}/snapshots/abc/model.safetensors`;
  await writeSafetensors(file, await stateDict());
  const before = Deno.env.get("HF_HUB_CACHE");
  Deno.env.set("HF_HUB_CACHE", cache);
  try {
    const { encoder } = await create({ pretrained: true, model_kwargs: FIXED });
    const found = await encoder.pretrained!({});
    assertEquals([found.file, found.sha256], [file, await sha256OfFile(file)]);
    assertEquals(found.values.get("norm.weight"), ruleWeights("norm.weight", [64]));
  } finally {
    if (before === undefined) Deno.env.delete("HF_HUB_CACHE");
    else Deno.env.set("HF_HUB_CACHE", before);
  }
});
