/** What methods share that only choose which of the encoder's own parameters train. */
import { wrapScope } from "../../engine/nn/wrap_scope.ts";
import type { Peft } from "../../registry/plugin.ts";

/**
 * A method that lets some of the encoder's parameters train, and the head.
 * @param trains Whether a parameter trains, by its name within the encoder.
 *
 * @example The class token trains
 * ```ts
 * import { Parameters, zeros } from "@glovita/glovita/nn";
 * import { trainSelected } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const parameters = new Parameters();
 * const scope = trainSelected((name) => name === "cls_token").encoder(parameters.scope());
 * scope.parameter("cls_token", [1, 1, 2], zeros);
 * scope.parameter("pos_embed", [1, 5, 2], zeros);
 * assertEquals(parameters.list().map(({ trainable }) => trainable), [true, false]);
 * ```
 *
 * @category Parts of PEFT methods
 */
export function trainSelected(trains: (name: string) => boolean): Peft {
  return { encoder: (scope) => wrapScope(scope, { trains }), head: (scope) => scope };
}
