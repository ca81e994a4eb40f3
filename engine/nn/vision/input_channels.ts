/**
 * First layers for images with other channels than red, green and blue.
 * @module
 */

/**
 * A convolution's kernel.
 * @category Weights
 */
export interface Kernel {
  /** `[outputs, 3, height, width]`. */
  readonly shape: readonly number[];
  /** Values, row-major. */
  readonly data: Float32Array<ArrayBuffer>;
}

/**
 * Adapts a kernel for RGB images to another number of channels, as timm's `adapt_input_conv`: for
 * one channel the sum over the colours, for others the colours in turn, scaled by 3 / channels.
 * @param kernel A kernel with three input channels.
 * @param channels Channels of the images.
 *
 * @example Greyscale
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const kernel = { shape: [1, 3, 1, 1], data: Float32Array.of(1, 2, 3) };
 * assertEquals([...adaptInputChannels(kernel, 1).data], [6]);
 * assertEquals([...adaptInputChannels(kernel, 4).data], [0.75, 1.5, 2.25, 0.75]);
 * ```
 *
 * @category Weights
 */
export function adaptInputChannels({ shape, data }: Kernel, channels: number): Kernel {
  const [outputs, colours, height, width] = shape;
  const area = height * width;
  const adapted = new Float32Array(outputs * channels * area);
  const sources = channels === 1 ? colours : channels;
  for (let output = 0; output < outputs; output++) {
    for (let source = 0; source < sources; source++) {
      const from = (output * colours + source % colours) * area;
      const to = (output * channels + source % channels) * area;
      for (let at = 0; at < area; at++) {
        adapted[to + at] += channels === 1 ? data[from + at] : data[from + at] * 3 / channels;
      }
    }
  }
  return { shape: [outputs, channels, height, width], data: adapted };
}
