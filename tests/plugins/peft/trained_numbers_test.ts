/** How many numbers each method trains of ViT-B/16 with a head for ten classes, as with peft. */
import "../../../plugins/mod.ts";
import { assertEquals } from "@std/assert";
import { sizeOf } from "../../../engine/ir/dims.ts";
import { buildModel } from "../../../registry/builder/build_model.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";

const TRAINED: readonly [Readonly<Record<string, unknown>>, number][] = [
  [{ method: "lora" }, 818_698],
  [{ method: "lora", use_dora: true }, 864_778],
  [{ method: "lora", use_rslora: true }, 818_698],
  [{ method: "adalora" }, 1_777_738],
  [{ method: "loha" }, 818_698],
  [{ method: "lokr" }, 53_770],
  [{ method: "oft" }, 8_380_426],
  [{ method: "boft" }, 606_730],
  [{ method: "vera" }, 54_058],
  [{ method: "ia3" }, 44_554],
  [{ method: "fourierft" }, 55_690],
];

for (const [peft, expected] of TRAINED) {
  Deno.test(`${JSON.stringify(peft)} trains ${expected} numbers of ViT-B/16`, async () => {
    const { config } = resolveConfig({
      file: {
        data: { dataset: "cifar10", augmentation: { train_policy: "default" } },
        model: { encoder: { type: "vit_base_patch16_224", pretrained: false } },
        peft,
      },
    });
    const { parameters } = await buildModel(config, { sampleShape: [3, 224, 224] });
    const trained = parameters.filter(({ trainable }) => trainable);
    assertEquals(trained.reduce((sum, { shape }) => sum + sizeOf(shape), 0), expected);
  });
}
