import { assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { imageTransforms } from "../../../registry/builder/images.ts";
import { ConfigError } from "../../../registry/errors.ts";
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
