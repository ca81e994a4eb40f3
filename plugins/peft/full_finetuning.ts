/**
 * Everything trains.
 * Importing this module adds `full_finetuning` to the `peft` slot.
 * @module
 */
import { type NoOptions, noOptions } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/**
 * Encoder and head train with all their parameters.
 *
 * @example The weights of all layers of a ResNet train
 * ```ts
 * import { buildModel, cifar10, configure, fullFinetuning, timm } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const model = await buildModel([
 *   configure(cifar10, { augmentation: { train_policy: "default" } }),
 *   configure(timm, { type: "resnet18", pretrained: false }),
 *   configure(fullFinetuning),
 * ], { sampleShape: [3, 32, 32] });
 * const trained = model.parameters.filter(({ trainable }) => trainable);
 * const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
 * assertEquals(trained.reduce((sum, { shape }) => sum + size(shape), 0), 11_181_642);
 * ```
 *
 * @category Fine-tuning
 */
export const fullFinetuning: Plugin<"peft", NoOptions> = {
  slot: "peft",
  key: "full_finetuning",
  description: "encoder and head train with all their parameters",
  config: noOptions,
  create: () => ({ encoder: (scope) => scope, head: (scope) => scope }),
};

registry.add(fullFinetuning);
