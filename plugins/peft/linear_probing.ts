/**
 * Only the head trains.
 * Importing this module adds `linear_probing` to the `peft` slot.
 * @module
 */
import * as v from "valibot";
import { frozen } from "../../engine/nn/scope.ts";
import type { OptionsSchema, Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/** Config of `linear_probing`: it has no options. */
export type LinearProbingConfig = Readonly<Record<never, never>>;

const config: OptionsSchema<LinearProbingConfig> = v.strictObject({});

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
 */
export const linearProbing: Plugin<"peft", LinearProbingConfig> = {
  slot: "peft",
  key: "linear_probing",
  description: "only the head trains",
  config,
  create: () => ({ encoder: frozen, head: (scope) => scope }),
};

registry.add(linearProbing);
