/**
 * Only the head trains.
 * Importing this module adds `linear_probing` to the `peft` slot.
 * @module
 */
import { frozen } from "../../engine/nn/scope.ts";
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/**
 * The encoder's parameters stay as they are, the head trains.
 *
 * @example Of a ResNet and a classifier, the classifier trains
 * ```ts
 * import { buildModel, cifar10, configure, linearProbing, timm } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const model = await buildModel([
 *   configure(cifar10, { augmentation: { train_policy: "default" } }),
 *   configure(timm, { type: "resnet18", pretrained: false }),
 *   configure(linearProbing),
 * ], { sampleShape: [3, 32, 32] });
 * const trained = model.parameters.filter(({ trainable }) => trainable);
 * assertEquals(trained.map(({ shape }) => shape), [[10, 512], [10]]);
 * ```
 *
 * @category Fine-tuning
 */
export const linearProbing: Plugin<"peft", NoOptions> = {
  slot: "peft",
  key: "linear_probing",
  description: "only the head trains",
  config: noOptions,
  create: () => ({ encoder: frozen, head: (scope) => scope }),
};

registry.add(linearProbing);
