import { assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { imageTransforms } from "../../../registry/builder/images.ts";
import { flag } from "../../../registry/config/flag.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { ConfigError } from "../../../registry/errors.ts";
import "../../../plugins/mod.ts";
import { registry } from "../../../registry/registry.ts";
import { extractConfig, extractionRegistry } from "../../_extraction.ts";
import type { ImageOperation, ImageTransform } from "../../../registry/plugin.ts";
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
