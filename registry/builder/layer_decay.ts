/**
 * Whether layer-wise decay of the learning rate fits a model.
 * @module
 */
import type { Parameter } from "../../engine/nn/scope.ts";
import { hasBlocks } from "../../engine/train/parameter_options.ts";
import { ConfigError } from "../errors.ts";

/**
 * Says where `optimizer.layer_wise_lr_decay` has nothing to slow down.
 * @param parameters Parameters of the model.
 * @param decay The field; `null` for none.
 * @returns Lines for the user.
 * @throws {ConfigError} if the encoder has no such layers.
 */
export function layerDecayNotices(
  parameters: readonly Pick<Parameter, "name">[],
  decay: number | null,
): string[] {
  const path = "optimizer.layer_wise_lr_decay";
  if (decay === null || hasBlocks(parameters)) return [];
  if (!parameters.some(({ name }) => name.startsWith("encoder."))) {
    return [`${path} has no effect: there are no layers below the head`];
  }
  const message =
    `expected none for ResNets, ConvNeXts and other encoders without a row of blocks, received ${decay}`;
  throw new ConfigError([{ path, message }]);
}
