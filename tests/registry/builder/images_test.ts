import { assertEquals, assertThrows } from "@std/assert";
import { imageTransforms } from "../../../registry/builder/images.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { extractConfig, extractionRegistry } from "../../_extraction.ts";
import type { ImageTransform } from "../../../registry/plugin.ts";
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

Deno.test("imageTransforms() makes nothing for an encoder that takes no images", () => {
  const { config, registry } = sources();
  const blind = { ...config, data: { ...config.data, augmentation: undefined } };
  assertEquals(imageTransforms({ config: blind, registry }), undefined);
});
