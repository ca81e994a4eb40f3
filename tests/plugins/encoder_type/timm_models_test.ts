import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import * as v from "valibot";
import { Parameters } from "../../../engine/nn/scope.ts";
import { type Family, MODEL_NAMES, timmModel } from "../../../plugins/encoder_type/_timm_table.ts";
import { timm } from "../../../plugins/encoder_type/timm.ts";
import others from "../../../plugins/encoder_type/_timm_others.json" with { type: "json" };
import { goldenJson } from "../../_golden.ts";
import { type Fingerprint, fingerprint } from "./_fingerprint.ts";

interface Outcome {
  readonly name: string;
  readonly family: Family;
  /** Its parameters, where it can be built. */
  readonly parameters?: Fingerprint;
  /** Message of the error, where it cannot. */
  readonly refused?: string;
}

async function build(name: string): Promise<Outcome> {
  const { family, preprocessing: { imageSize } } = timmModel(name);
  const parameters = new Parameters();
  const scope = parameters.scope();
  const config = {
    type: name,
    pretrained: false,
    input_channels: 3,
    model_kwargs: {},
    weights_file: null,
    weights_key: null,
  };
  const context = { scope, sampleShape: [3, ...imageSize], source: "images" };
  try {
    await timm.create(config, context);
    return { name, family, parameters: fingerprint(parameters.list()) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { name, family, refused: error.message };
  }
}

const outcomes = await Promise.all(MODEL_NAMES.map(build));
const countOf = (family: Family) => outcomes.filter((outcome) => outcome.family === family).length;

Deno.test("timm builds every model of the table", () => {
  assertEquals(outcomes.filter(({ refused }) => refused !== undefined), []);
  assertEquals(countOf("vision_transformer"), 173);
  assertEquals(countOf("eva"), 60);
  assertEquals(countOf("resnet"), 103);
  assertEquals(countOf("convnext"), 31);
  assertEquals(countOf("efficientnet"), 114);
  assertEquals(countOf("swin_transformer"), 9);
  assertEquals(countOf("swin_transformer_v2"), 12);
});

Deno.test("timm declares the parameters that timm 1.0.29 has without classifiers", () => {
  const expected = {
    ...goldenJson<Record<string, Fingerprint>>("timm_parameters.json"),
    ...goldenJson<Record<string, Fingerprint>>("timm_parameters_families.json"),
  };
  const built = outcomes.filter(({ parameters }) => parameters !== undefined);
  assertEquals(
    Object.fromEntries(built.map(({ name, parameters }) => [name, parameters])),
    Object.fromEntries(built.map(({ name }) => [name, expected[name]])),
  );
});

Deno.test("timmModel() finds names with and without tag", () => {
  const plain = timmModel("resnet50");
  assertEquals([plain.name, plain.tag, plain.repository], [
    "resnet50",
    "a1_in1k",
    "timm/resnet50.a1_in1k",
  ]);
  assertEquals(timmModel("hf_hub:timm/resnet50.tv_in1k").tag, "tv_in1k");
  const clip = timmModel("vit_base_patch16_clip_quickgelu_224.openai");
  assertEquals(clip.repository, "timm/vit_base_patch16_clip_224.openai");
  assertEquals(timmModel("vit_base_patch16_xp_224").repository, undefined);
});

Deno.test("timmModel() names what is near, and the tags", () => {
  assertThrows(
    () => timmModel("vit_bse_patch16_224"),
    RangeError,
    `one of ${MODEL_NAMES.length} models of timm, received "vit_bse_patch16_224", ` +
      'did you mean "vit_base_patch16_224"?',
  );
  assertThrows(
    () => timmModel("vit_tiny_patch16_224.in1k"),
    RangeError,
    'a tag of "vit_tiny_patch16_224" out of "augreg_in21k_ft_in1k", "augreg_in21k", received "in1k"',
  );
  assertThrows(() => timmModel("toString"), RangeError, `${MODEL_NAMES.length} models`);
});

Deno.test("timmModel() says what a model is that is not built, and the way round", () => {
  const message = (type: string) => assertThrows(() => timmModel(type), RangeError).message;
  assertEquals(
    message("densenet121.ra_in1k"),
    `expected one of ${MODEL_NAMES.length} models of timm, received "densenet121.ra_in1k", timm's ` +
      "DenseNet, which is not built here: export it to an ONNX file in Python and use " +
      "encoder_type onnx with that file",
  );
  assertStringIncludes(message("vit_base_r50_s16_224"), "VisionTransformer behind convolutions,");
  assertStringIncludes(message("densenet12"), 'did you mean "densenet121"?');
});

Deno.test("timmModel() knows all of timm's models, built or not", () => {
  const known = [...MODEL_NAMES, ...Object.values(others.models).flat()];
  assertEquals(new Set(known).size, 1317);
});

Deno.test("timmModel() knows what the weights of DINOv3 and EVA-02 expect", () => {
  const satellite = timmModel("vit_large_patch16_dinov3.sat493m");
  assertEquals(satellite.repository, "timm/vit_large_patch16_dinov3.sat493m");
  assertEquals(satellite.preprocessing, {
    channels: 3,
    imageSize: [256, 256],
    mean: [0.43, 0.411, 0.296],
    std: [0.213, 0.156, 0.143],
    interpolation: "bicubic",
    cropPct: 1,
    cropMode: "center",
  });
  const { tag, preprocessing } = timmModel("eva02_base_patch14_448");
  assertEquals([tag, preprocessing.imageSize, preprocessing.cropMode], [
    "mim_in22k_ft_in22k_in1k",
    [448, 448],
    "squash",
  ]);
  assertEquals(
    timmModel("vit_small_patch16_lingbot").repository,
    "belfner/vit_small_patch16_lingbot.robbyant",
  );
});

Deno.test("timm's config names a type that is not known at its own place", () => {
  const issues = (type: unknown) =>
    v.safeParse(timm.config, { type }).issues?.map(({ path, message }) => [
      path?.map(({ key }) => key).join("."),
      message,
    ]);
  assertEquals(issues("resnet18.a1_in1k"), undefined);
  assertEquals(issues("resnet19"), [
    [
      "type",
      `expected one of ${MODEL_NAMES.length} models of timm, received "resnet19", ` +
      'did you mean "resnet18"?',
    ],
  ]);
  assertEquals(
    issues("resnet18.a9")?.[0][1]?.startsWith('expected a tag of "resnet18" out of'),
    true,
  );
});
