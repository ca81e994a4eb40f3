/** Weights of Swin Transformers and EfficientNets from files that others made. */
import { assertEquals, assertNotEquals } from "@std/assert";
import * as v from "valibot";
import type { Tensor } from "../../../engine/ir/node.ts";
import { type Parameter, Parameters } from "../../../engine/nn/scope.ts";
import { adaptInputChannels } from "../../../engine/nn/vision/input_channels.ts";
import { resampleRelativePositions } from "../../../engine/nn/vision/relative_positions.ts";
import { type StoredTensor, storedTensor } from "../../../engine/storage/tensor_types.ts";
import { type TorchValue, writeTorchFile } from "../../../engine/storage/torch/torch_file.ts";
import { timmModel } from "../../../plugins/encoder_type/_timm_table.ts";
import { timm, type TimmConfig } from "../../../plugins/encoder_type/timm.ts";
import type { PretrainedWeights } from "../../../registry/plugin.ts";
import { TemporaryFolder } from "../../engine/storage/testdata.ts";
import { EVALUATION, ruleWeights, runOnRule } from "../../_timm.ts";

const SIZES = { embed_dim: 8, depths: [1, 2, 1, 1], num_heads: [1, 2, 2, 2] };
const SWIN = { type: "swin_tiny_patch4_window7_224", model_kwargs: SIZES };
const SWIN_V2 = { type: "swinv2_tiny_window8_256", model_kwargs: SIZES };

async function create(options: Partial<TimmConfig>, side: number) {
  const parameters = new Parameters();
  const config = { ...v.parse(timm.config, {}), pretrained: false, ...options };
  const sampleShape = [config.input_channels, side, side];
  const context = { scope: parameters.scope(), sampleShape, source: "images" };
  return { encoder: await timm.create(config, context), parameters: parameters.list() };
}

async function load(
  content: TorchValue,
  options: Partial<TimmConfig>,
  side: number,
): Promise<PretrainedWeights> {
  using folder = new TemporaryFolder();
  const path = folder.file("w.pth");
  await writeTorchFile(path, content);
  const { encoder } = await create({ ...options, weights_file: path }, side);
  const weights = await encoder.pretrained!({});
  return { ...weights, notices: weights.notices.map((line) => line.replaceAll(path, "w.pth")) };
}

const valuesOf = ({ name, shape }: Parameter) => ruleWeights(name, shape);

/** Weights of a model, by names of a file. */
async function weights(
  options: Partial<TimmConfig>,
  side: number,
  named = (name: string) => name,
): Promise<Record<string, StoredTensor>> {
  const { parameters } = await create(options, side);
  return Object.fromEntries(
    parameters.map((each) => [
      named(each.name),
      storedTensor("float32", each.shape, valuesOf(each)),
    ]),
  );
}

const zeros = (shape: number[]) =>
  storedTensor("float32", shape, new Float32Array(shape.reduce((size, side) => size * side, 1)));

for (const options of [SWIN, SWIN_V2]) {
  Deno.test(`timm takes weights by the names of Swin's authors: ${options.type}`, async () => {
    const authors = (name: string) =>
      name.replace(/^layers\.(\d)\.downsample/, (_, stage) => `layers.${stage - 1}.downsample`);
    const model = {
      ...await weights(options, 64, authors),
      "layers.1.blocks.1.attn_mask": zeros([4, 16, 16]),
      "layers.0.blocks.0.attn.relative_position_index": zeros([49, 49]),
      "layers.0.blocks.0.attn.relative_coords_table": zeros([1, 15, 15, 2]),
      "head.weight": zeros([1000, 64]),
      "head.bias": zeros([1000]),
    };
    const found = await load({ model }, options, 64);
    const { parameters } = await create(options, 64);
    for (const each of parameters) assertEquals(found.values.get(each.name), valuesOf(each));
    assertEquals(found.values.size, parameters.length);
    assertEquals(found.notices, []);
  });
}

Deno.test("timm resamples Swin's tables of positions for the windows of smaller images", async () => {
  const found = await load(await weights(SWIN, 224), SWIN, 96); // maps of 24, 12, 6 and 3 rows
  const { parameters } = await create(SWIN, 224);
  for (const [stage, window] of [7, 7, 6, 3].entries()) {
    const name = `layers.${stage}.blocks.0.attn.relative_position_bias_table`;
    const table = valuesOf(parameters.find((each) => each.name === name)!);
    const expected = resampleRelativePositions(table, { from: 7, to: [window, window] });
    assertEquals(found.values.get(name), expected);
    assertEquals(expected.length, (2 * window - 1) ** 2 * SIZES.num_heads[stage]);
  }
});

Deno.test("timm adapts the stem of an EfficientNet to other channels", async () => {
  const options = { type: "test_efficientnet" };
  const content = { ...await weights(options, 32), "classifier.weight": zeros([10, 256]) };
  const found = await load(content, { ...options, input_channels: 4 }, 32);
  const [stem] = (await create(options, 32)).parameters;
  const { data } = adaptInputChannels({ shape: stem.shape, data: valuesOf(stem) }, 4);
  assertEquals(found.values.get("conv_stem.weight"), data);
  assertEquals(found.notices, []);
});

Deno.test("timm gives fbnetc_100 another epsilon where it starts from weights, as timm does", async () => {
  const features = async (options: Partial<TimmConfig>) => {
    const { encoder, parameters } = await create({ type: "fbnetc_100", ...options }, 32);
    const outputs = (x: Tensor) => ({ maps: encoder.forward(x, EVALUATION) });
    return (await runOnRule(parameters, outputs, [3, 32, 32])).maps.data;
  };
  const pretrained = await features({ pretrained: true });
  assertEquals(pretrained, await features({ model_kwargs: { bn_eps: 1e-3 } }));
  assertNotEquals(pretrained, await features({}));
});

Deno.test("timm says what the weights of EfficientNets and Swin Transformers expect", () => {
  const expected = (type: string) => {
    const { repository, preprocessing } = timmModel(type);
    const { imageSize: [side], mean: [mean], interpolation, cropPct, cropMode } = preprocessing;
    return [repository, side, mean, interpolation, cropPct, cropMode];
  };
  assertEquals(
    [
      "efficientnet_b0",
      "tf_efficientnetv2_m",
      "tf_efficientnet_lite4",
      "swin_base_patch4_window12_384",
    ]
      .map(expected),
    [
      ["timm/efficientnet_b0.ra_in1k", 224, 0.485, "bicubic", 0.875, "center"],
      ["timm/tf_efficientnetv2_m.in21k_ft_in1k", 384, 0.5, "bicubic", 1, "squash"],
      ["timm/tf_efficientnet_lite4.in1k", 380, 0.5, "bilinear", 0.92, "center"],
      ["timm/swin_base_patch4_window12_384.ms_in22k_ft_in1k", 384, 0.485, "bicubic", 1, "center"],
    ],
  );
});
