import { assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { sizeOf } from "../../../engine/ir/dims.ts";
import { type Parameter, Parameters } from "../../../engine/nn/scope.ts";
import { type Family, MODEL_NAMES, timmModel } from "../../../plugins/encoder_type/_timm_table.ts";
import { timm } from "../../../plugins/encoder_type/timm.ts";
import { goldenJson } from "../../_golden.ts";

/** What a list of parameters comes to: tensors, numbers in them, hash of names and shapes. */
type Fingerprint = readonly [tensors: number, numbers: number, hash: number];

interface Outcome {
  readonly name: string;
  readonly family: Family;
  /** Its parameters, where it can be built. */
  readonly parameters?: Fingerprint;
  /** Message of the error, where it cannot. */
  readonly refused?: string;
}

function fingerprint(parameters: readonly Parameter[]): Fingerprint {
  const numbers = parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const lines = parameters.map(({ name, shape }) => `${name} ${shape.join("x")}`);
  let hash = 2166136261; // FNV-1a
  for (const byte of new TextEncoder().encode(lines.toSorted().join("\n"))) {
    hash = Math.imul(hash ^ byte, 16777619) >>> 0;
  }
  return [parameters.length, numbers, hash];
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
const countOf = (family: Family) => {
  const members = outcomes.filter((outcome) => outcome.family === family);
  return `${members.filter(({ refused }) => refused === undefined).length} of ${members.length}`;
};

Deno.test("timm builds every model of the table whose arguments are supported", () => {
  assertEquals(MODEL_NAMES.length, 405);
  assertEquals(countOf("vision_transformer"), "157 of 157");
  assertEquals(countOf("resnet"), "79 of 81");
  assertEquals(countOf("convnext"), "31 of 31");
  assertEquals(countOf("efficientnet"), "114 of 115");
  assertEquals(countOf("swin_transformer"), "9 of 9");
  assertEquals(countOf("swin_transformer_v2"), "12 of 12");
});

Deno.test("timm names the argument of each model that it cannot build, and points to ONNX", () => {
  const hint = ": export it to an ONNX file in Python and use encoder_type onnx with that file";
  const refused = outcomes.filter((outcome) => outcome.refused !== undefined);
  for (const { name, refused: message = "" } of refused) {
    assertEquals(message.endsWith(hint), true, name);
  }
  const reasons = refused.map(({ name, refused: message = "" }) => [
    name,
    /^expected argument "(\w+)"/.exec(message)?.[1],
  ]);
  assertEquals(Object.fromEntries(reasons), {
    ecaresnet50d_pruned: "pruned",
    ecaresnet101d_pruned: "pruned",
    test_efficientnet_evos: "norm_layer",
  });
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
    'one of 405 models of timm, received "vit_bse_patch16_224", did you mean "vit_base_patch16_224"?',
  );
  assertThrows(
    () => timmModel("vit_tiny_patch16_224.in1k"),
    RangeError,
    'a tag of "vit_tiny_patch16_224" out of "augreg_in21k_ft_in1k", "augreg_in21k", received "in1k"',
  );
  assertThrows(() => timmModel("toString"), RangeError, "405 models");
});

Deno.test("timm's config names a type that is not known at its own place", () => {
  const issues = (type: unknown) =>
    v.safeParse(timm.config, { type }).issues?.map(({ path, message }) => [
      path?.map(({ key }) => key).join("."),
      message,
    ]);
  assertEquals(issues("resnet18.a1_in1k"), undefined);
  assertEquals(issues("resnet19"), [
    ["type", 'expected one of 405 models of timm, received "resnet19", did you mean "resnet18"?'],
  ]);
  assertEquals(
    issues("resnet18.a9")?.[0][1]?.startsWith('expected a tag of "resnet18" out of'),
    true,
  );
});
