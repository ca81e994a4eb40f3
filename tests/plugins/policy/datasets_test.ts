/** What GloViTa trains and evaluates its datasets with can be had by their keys. */
import "../../../plugins/mod.ts";
import { assert, assertEquals } from "@std/assert";
import * as v from "valibot";
import { isRandom } from "../../../engine/images/transform.ts";
import { registry } from "../../../registry/registry.ts";

/** Policies by dataset: for training, for evaluation, and the side that an encoder without one gets. */
const DEFAULTS: Readonly<
  Record<string, readonly [train: string, test: string, side: number | undefined]>
> = {
  aid: ["aid_large_crop", "default", 224],
  chestxray14: ["default_2d_2", "shared_default_2d", 224],
  cifar10: ["randaugment", "default", undefined],
  cifar100: ["randaugment", "default", undefined],
  diabetic_retina: ["dataset_specific", "shared_default_2d", 224],
  fgvc_aircraft: ["dataset_specific", "shared_default_2d", 224],
  flowers102: ["dataset_specific", "shared_default_2d", 224],
  generic_image_dataset: ["default_2d_2", "shared_default_2d", 224],
  imagenet: ["randaugment_448", "default_448", 448],
  neudet: ["dataset_specific", "shared_default_2d", 224],
  pcam: ["dataset_specific", "shared_default_2d", 224],
  resisc45: ["dataset_specific", "shared_default_2d", 224],
  rxrx1: ["dataset_specific", "shared_default_2d", 224],
  zooscannet: ["dataset_specific", "shared_default_2d", 224],
};

for (const [dataset, [train, test, side]] of Object.entries(DEFAULTS)) {
  Deno.test(`${dataset} trains with ${train} and is evaluated with ${test}`, () => {
    const transformOf = (key: string, use: "train" | "test") => {
      const plugin = registry.get("policy", key);
      const context = { preprocessing: { channels: 3 }, dataset, use };
      return plugin.create(v.parse(plugin.config, {}), context);
    };
    assert(isRandom(transformOf(train, "train")));
    const evaluation = transformOf(test, "test");
    assert(!isRandom(evaluation));
    assertEquals(evaluation.size, side === undefined ? undefined : [side, side]);
  });
}
