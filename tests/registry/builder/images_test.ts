import { assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { imageTransforms } from "../../../registry/builder/images.ts";
import { flag } from "../../../registry/config/flag.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { ConfigError } from "../../../registry/errors.ts";
import "../../../plugins/mod.ts";
import { registry } from "../../../registry/registry.ts";
import { extractConfig, extractionRegistry } from "../../_extraction.ts";
import { number, options } from "../../../registry/options/mod.ts";
import type {
  ImageOperation,
  ImageTransform,
  Plugin,
  PolicyContext,
} from "../../../registry/plugin.ts";
import type { Flags } from "../../_training.ts";

const sources = (flags: Flags = {}) => ({
  config: extractConfig("out", flags),
  registry: extractionRegistry(),
});
const normalize = (mean: number): ImageTransform => ({
  channels: 3,
  size: [2, 2],
  operations: [{ op: "normalize", mean: [mean, mean, mean], std: [1, 1, 1] }],
});

Deno.test("imageTransforms() makes what the policies of the config say", () => {
  const flags = { "data.augmentation.train_policy": "plain" };
  const kwargs = { "data.augmentation.train_kwargs": '{"mean":0.5}' };
  assertEquals(imageTransforms(sources({ ...flags, ...kwargs })), {
    train: normalize(0.5),
    eval: normalize(0),
  });
  assertEquals(imageTransforms(sources(), { evalForTrain: true }), {
    train: normalize(0),
    eval: normalize(0),
  });
});

Deno.test("imageTransforms() takes the default policy where none is named", () => {
  const none = {
    "data.augmentation.test_policy": "none",
    "data.augmentation.train_policy": "none",
  };
  assertEquals(imageTransforms(sources(none))?.eval, normalize(0));
});

Deno.test("imageTransforms() names a policy that is not registered, and a wrong option", () => {
  const unknown = assertThrows(() => imageTransforms(sources()), ConfigError);
  assertEquals(
    unknown.message,
    'data.augmentation.train_policy: expected one of "default", "plain", received "shaky"',
  );
  const flags = { "data.augmentation.test_kwargs": '{"mean":"a"}' };
  const wrong = assertThrows(() => imageTransforms(sources(flags)), ConfigError);
  assertEquals(
    wrong.message,
    'data.augmentation.test_kwargs.mean: expected a number, received "a"',
  );
});

Deno.test("imageTransforms() evaluates with no policy that chooses at random, and trains with it", () => {
  const { config, registry } = sources({ "data.augmentation.train_policy": "flipping" });
  registry.add<"policy", null>({
    slot: "policy",
    key: "flipping",
    description: "mirrors half of the images",
    config: v.pipe(v.object({}), v.transform(() => null)),
    create: () => ({ channels: 3, operations: [FLIP] }),
  });
  assertEquals(imageTransforms({ config, registry })?.train.operations, [FLIP]);
  const augmentation = { ...config.data.augmentation as object, test_policy: "flipping" };
  const random = { ...config, data: { ...config.data, augmentation } };
  const error = assertThrows(() => imageTransforms({ config: random, registry }), ConfigError);
  assertEquals(
    error.message,
    "data.augmentation.test_policy: expected a policy without random changes, " +
      'received "flipping"',
  );
});

/** A registry whose policy `sized` says what it gets, and reads nothing else. */
function seeing(read: (context: PolicyContext, options: { readonly scale: number }) => unknown) {
  const registry = extractionRegistry();
  const seen: unknown[] = [];
  registry.add<"policy", { readonly scale: number }>({
    slot: "policy",
    key: "sized",
    description: "keeps what it gets",
    config: options({ scale: number(1, "any number") }),
    create(given, context) {
      seen.push(read(context, given));
      return { channels: 3, operations: [] };
    },
  });
  const transforms = (flags: Flags) => {
    const policies = {
      "data.augmentation.train_policy": "sized",
      "data.augmentation.test_policy": "sized",
    };
    seen.length = 0;
    imageTransforms({ config: extractConfig("out", { ...policies, ...flags }), registry });
    return seen;
  };
  return transforms;
}

Deno.test("imageTransforms() tells policies what they are for, and whose images they get", () => {
  const transforms = seeing(({ use, dataset }) => [use, dataset]);
  assertEquals(transforms({}), [["test", "made_up"], ["train", "made_up"]]);
});

Deno.test("imageTransforms() prefers kwargs to data.augmentation, and that to the encoder", () => {
  const transforms = seeing(({ imageSize, cropSize, mean, preprocessing }) => {
    return [imageSize, cropSize, mean, preprocessing.imageSize];
  });
  const augmentation = {
    "data.augmentation.image_size": "40",
    "data.augmentation.crop_size": "30",
  };
  const kwargs = {
    "data.augmentation.train_kwargs": '{"image_size":50,"mean":[0.5,0.5,0.5],"crop_size":null}',
  };
  assertEquals(transforms({ ...augmentation, ...kwargs }), [
    [40, 30, undefined, [2, 2]],
    [50, undefined, [0.5, 0.5, 0.5], [2, 2]],
  ]);
  const one = { "data.augmentation.train_kwargs.mean": "0.25" };
  assertEquals(transforms({ ...augmentation, ...one })[1], [40, 30, [0.25], [2, 2]]);
});

Deno.test("imageTransforms() refuses arguments that a policy does not have, or does not use", () => {
  const transforms = seeing(({ imageSize }, given) => imageSize ?? given.scale);
  const refusal = (kwargs: string) =>
    assertThrows(() => transforms({ "data.augmentation.train_kwargs": kwargs }), ConfigError)
      .message.split("\n");
  const path = "data.augmentation.train_kwargs";
  assertEquals(transforms({ [path]: '{"image_size":9}' }), [1, 9]);
  assertEquals(transforms({ [path]: '{"scale":3}' }), [1, 3]);
  const wanted = 'expected an argument that policy "sized" uses here';
  assertEquals(refusal('{"image_size":9,"scale":3,"crop_size":8}'), [
    `${path}.scale: ${wanted}, received 3`,
    `${path}.crop_size: ${wanted}, received 8`,
  ]);
  assertEquals(refusal('{"patch_size":[4]}'), [`${path}.patch_size: ${wanted}, received [4]`]);
  assertEquals(refusal('{"image_size":"large"}'), [
    `${path}.image_size: expected a whole number of at least 1, received "large"`,
  ]);
  assertEquals(refusal('{"scales":3,"imagesize":9}'), [
    `${path}.scales: expected a field of policy "sized", received an unknown name, ` +
    'did you mean "scale"?',
    `${path}.imagesize: expected a field of policy "sized", received an unknown name, ` +
    'did you mean "image_size"?',
  ]);
});

Deno.test("imageTransforms() leaves names to schemas that take any, and to no others", () => {
  const seen: unknown[] = [];
  const run = (config: Plugin["config"]) => {
    const registry = extractionRegistry();
    registry.add<"policy", { readonly shade: number }>({
      slot: "policy",
      key: "any",
      description: "takes what comes",
      config: config as Plugin<"policy", { readonly shade: number }>["config"],
      create(options) {
        seen.push(options.shade);
        return { channels: 3, operations: [] };
      },
    });
    const flags = {
      "data.augmentation.train_policy": "any",
      "data.augmentation.train_kwargs": '{"shade":3}',
    };
    imageTransforms({ config: extractConfig("out", flags), registry });
  };
  run(v.looseObject({}));
  assertEquals(seen, [3]);
  const path = "data.augmentation.train_kwargs.shade";
  assertThrows(() => run(v.object({})), ConfigError, `${path}: expected a field of policy "any"`);
});

const FLIP: ImageOperation = {
  op: "random_apply",
  probability: 0.5,
  operations: [{ op: "flip", axis: "horizontal" }],
};

Deno.test("imageTransforms() makes nothing for an encoder that takes no images", () => {
  const { config, registry } = sources();
  const blind = { ...config, data: { ...config.data, augmentation: undefined } };
  assertEquals(imageTransforms({ config: blind, registry }), undefined);
});

/** What becomes of an image in evaluation, with an encoder of timm. */
function timmEvaluation(dataset: string, flags: Flags): ImageTransform | undefined {
  const all: Flags = {
    "data.dataset": dataset,
    ...(dataset === "cifar10" ? {} : { "data.num_classes": "2" }),
    "model.encoder.encoder_type": "timm",
    "model.encoder.type": "test_vit",
    ...flags,
  };
  const list = Object.entries(all).map(([path, value]) => flag(path, value));
  return imageTransforms({ config: resolveConfig({ flags: list }).config, registry })?.eval;
}

const UNTRAINED = { "model.encoder.pretrained": "false" };

Deno.test("imageTransforms() leaves CIFAR as it is for an encoder without trained weights", () => {
  assertEquals(timmEvaluation("cifar10", UNTRAINED), {
    channels: 3,
    size: [32, 32],
    operations: [
      { op: "resize_shorter", size: 32, interpolation: "bilinear" },
      { op: "center_crop", size: [32, 32], fill: undefined },
      { op: "normalize", mean: [0.4914, 0.4822, 0.4465], std: [0.2023, 0.1994, 0.201] },
    ],
  });
  const size = (flags: Flags) => timmEvaluation("cifar10", flags)?.size;
  assertEquals(size({}), [160, 160]); // that of the weights
  assertEquals(size({ ...UNTRAINED, "model.encoder.weights_file": "vit.pt" }), [160, 160]);
  assertEquals(size({ ...UNTRAINED, "model.encoder.model_kwargs.img_size": "64" }), [64, 64]);
  assertEquals(size({ ...UNTRAINED, "data.augmentation.image_size": "96" }), [96, 96]);
});

Deno.test("imageTransforms() leaves to the policy what no weights and no dataset ask for", () => {
  const images = "generic_image_dataset";
  assertEquals(timmEvaluation(images, { ...UNTRAINED, "model.encoder.type": "resnet18" }), {
    channels: 3,
    size: [224, 224],
    operations: [
      { op: "resize_shorter", size: 256, interpolation: "bilinear" },
      { op: "center_crop", size: [224, 224] },
      { op: "normalize", mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    ],
  });
  assertEquals(timmEvaluation(images, UNTRAINED)?.size, [160, 160]); // it is built for
  const resnet = { "model.encoder.type": "resnet50.a1_in1k" }; // of 224 / 0.95
  assertEquals(timmEvaluation(images, resnet)?.operations[0], {
    op: "resize_shorter",
    size: 236,
    interpolation: "bicubic",
  });
});
