/**
 * The last blocks train.
 * Importing this module adds `partial_finetuning` to the `peft` slot.
 * @module
 */
import { options, whole } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { trainSelected } from "./_selection.ts";

/**
 * Config of the `partial_finetuning` method.
 * @category Fine-tuning
 */
export interface PartialFinetuningConfig {
  /** How many of the first blocks are frozen, but for their norms. @default {6} */
  readonly num_frozen_layers: number;
}

const config = options<PartialFinetuningConfig>({
  num_frozen_layers: whole(6, "how many of the first blocks are frozen, but for their norms", {
    min: 0,
  }),
});

/**
 * The last blocks of the encoder train, all its norms, and the head.
 *
 * @example The first of two blocks is frozen
 * ```ts
 * import { partialFinetuning } from "@glovita/glovita";
 * import { Parameters } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const parameters = new Parameters();
 * const scope = partialFinetuning.create({ num_frozen_layers: 1 }, {}).encoder(parameters.scope());
 * for (const block of ["blocks.0", "blocks.1"]) scope.child(block).linear("fc", 2, 2, { bias: false });
 * assertEquals(parameters.list().map(({ trainable }) => trainable), [false, true]);
 * ```
 *
 * @category Fine-tuning
 */
export const partialFinetuning: Plugin<"peft", PartialFinetuningConfig> = {
  slot: "peft",
  key: "partial_finetuning",
  description: "the encoder's last blocks, all its norms and the head train",
  config,
  create({ num_frozen_layers }) {
    let blocks = false;
    const selected = trainSelected((name) => {
      const [, index] = /^blocks\.(\d+)\./.exec(name) ?? [];
      blocks ||= index !== undefined;
      return Number(index) >= num_frozen_layers || name.includes("norm");
    });
    return {
      ...selected,
      finish() {
        if (!blocks) throw new RangeError('expected an encoder with layers called "blocks"');
      },
    };
  },
};

registry.add(partialFinetuning);
