import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { augmentationSchema } from "../../../registry/config/augmentation.ts";
import { flag } from "../../../registry/config/flag.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { fake, fakeRegistry, minimalFile } from "../_fakes.ts";

Deno.test("augmentationSchema() has an effect where a dataset declares it", () => {
  const registry = fakeRegistry();
  const augmentation = augmentationSchema({ train_policy: "randaugment", test_policy: "default" });
  registry.add(fake("dataset", "images", v.strictObject({ augmentation })));
  const { config, notices } = resolveConfig({
    file: { ...minimalFile(), data: { dataset: "images" } },
    flags: [
      flag("data.augmentation.mean", "0.5", "0.5", "0.5"),
      flag("data.augmentation.image_size", "224"),
      flag("data.augmentation.train_kwargs.magnitude", "9"),
    ],
  }, registry);
  assertEquals(notices, []);
  assertEquals(config.data.augmentation, {
    train_policy: "randaugment",
    test_policy: "default",
    image_size: 224,
    resize_size: null,
    crop_size: null,
    cutout_size: null,
    patch_size: null,
    mean: [0.5, 0.5, 0.5],
    std: null,
    train_kwargs: { magnitude: 9 },
    test_kwargs: {},
  });
});

Deno.test("augmentationSchema() is not used by features, which is said", () => {
  const flags = [flag("data.augmentation.image_size", "224")];
  const { notices } = resolveConfig({ file: minimalFile(), flags }, fakeRegistry());
  assertEquals(notices, ["ignored: data.augmentation (not used by this command)"]);
});
