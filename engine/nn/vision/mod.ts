/**
 * timm's vision architectures as graphs. Parameters have the names of timm's state dicts, so that
 * weights of `@glovita/glovita/pretrained` fit.
 *
 * @example A small ResNet: its parameters, and what it makes of images
 * ```ts
 * import { input } from "@glovita/glovita/engine";
 * import { Parameters, RandomStream } from "@glovita/glovita/nn";
 * import { resnet } from "@glovita/glovita/vision";
 * import { assertEquals } from "@std/assert";
 *
 * const parameters = new Parameters();
 * const context = { scope: parameters.scope(), sampleShape: [3, 64, 64] };
 * const model = resnet({ block: "BasicBlock", layers: [2, 2, 2, 2] }, context);
 * assertEquals(parameters.list()[0].name, "conv1.weight");
 *
 * const random = new RandomStream(input("random_seed", "uint32", []));
 * const images = input("images", "float32", ["batch", 3, 64, 64]);
 * const map = model.forward(images, { training: false, random });
 * assertEquals(map.shape, ["batch", 512, 2, 2]);
 * ```
 * @module
 */
export type { Activation } from "./activations.ts";
export { ArgumentReader } from "./arguments.ts";
export { convnext } from "./convnext.ts";
export { eva } from "./eva.ts";
export { efficientnet } from "./efficientnet.ts";
export { adaptInputChannels, type Kernel } from "./input_channels.ts";
export type { Size } from "./patch_embed.ts";
export { type GridChange, resampleValues } from "./position_embedding.ts";
export { resampleRelativePositions, type WindowChange } from "./relative_positions.ts";
export { resnet } from "./resnet.ts";
export { swinTransformer, swinTransformerV2 } from "./swin_transformer.ts";
export * from "./vision_model.ts";
export { visionTransformer } from "./vision_transformer.ts";
