/**
 * Images on their way to an encoder: transforms as plain data, and sources that read samples from
 * image files or from pixels inside larger files.
 *
 * @example A transform, and the size that it gives
 * ```ts
 * import { type ImageTransform, transformedSize } from "@glovita/glovita/images";
 * import { assertEquals } from "@std/assert";
 *
 * const transform: ImageTransform = {
 *   channels: 3,
 *   size: [224, 224],
 *   operations: [
 *     { op: "resize_shorter", size: 256, interpolation: "bicubic" },
 *     { op: "center_crop", size: [224, 224] },
 *     { op: "normalize", mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
 *   ],
 * };
 * assertEquals(transformedSize(transform, [480, 640]), [224, 224]);
 * ```
 * @module
 */
export { isImageFile } from "./decode.ts";
export type { Image } from "./image.ts";
export {
  findImageSize,
  type FoundSize,
  IMAGE_SOURCE_URL,
  type ImageSourceOptions,
} from "./image_source.ts";
export { MAX_IMAGE_PIXELS } from "./pixel_limits.ts";
export type * from "./pixel_operation.ts";
export * from "./preprocessing.ts";
export {
  RAW_IMAGE_SOURCE_URL,
  type RawBlock,
  type RawImageSourceOptions,
} from "./raw_image_source.ts";
export * from "./transform.ts";
export { transformGraph } from "./transform_graph.ts";
