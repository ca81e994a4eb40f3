/**
 * Convolution layers with PyTorch's parameters and initial values.
 * @module
 */
import { sizeOf } from "../../ir/dims.ts";
import type { Tensor } from "../../ir/node.ts";
import { conv, type Padding, type Pair } from "../../ir/windows.ts";
import { type Initializer, normal, torchDefault } from "../initializers.ts";
import type { Layer, Scope } from "../scope.ts";

/** What a convolution is made of. */
export interface Conv2dOptions {
  /** Channels that come in. */
  readonly inputs: number;
  /** Channels that go out. */
  readonly outputs: number;
  /** Size of the window. */
  readonly kernel: Pair;
  /** Steps between windows. @default {1} */
  readonly stride?: Pair;
  /**
   * Rows and columns of zeros around the maps; with `same`, TensorFlow's, as many as give one window
   * for each step, the odd one at the end. @default {0}
   */
  readonly padding?: Padding | "same";
  /** Steps within a window. @default {1} */
  readonly dilation?: Pair;
  /** Number of groups that channels are divided into. @default {1} */
  readonly groups?: number;
  /** Whether there is a bias. @default {true} */
  readonly bias?: boolean;
  /** Initial weight. @default {torchDefault} */
  readonly weightInitializer?: Initializer;
  /** Initial bias. @default {torchDefault} */
  readonly biasInitializer?: Initializer;
}

/**
 * Declares a convolution (`torch.nn.Conv2d`) with the parameters `weight`
 * `[outputs, inputs / groups, height, width]` and `bias` `[outputs]`.
 *
 * Windows of one entry are convolutions too: on one thread the runtime takes 0.94 to 1.05 times as
 * long for them as for the matrix product, and with steps of 2 0.73 to 0.94 times.
 * @param scope Where the parameters stand.
 * @param options Sizes, steps, bias and initial values.
 * @returns A layer on maps `[batch, inputs, height, width]`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Parameters } from "../scope.ts";
 *
 * const parameters = new Parameters();
 * conv2d(parameters.scope().child("conv1"), { inputs: 3, outputs: 64, kernel: 7 });
 * assertEquals(parameters.list()[0].name, "conv1.weight");
 * assertEquals(parameters.list()[0].shape, [64, 3, 7, 7]);
 * ```
 */
export function conv2d(scope: Scope, options: Conv2dOptions): Layer {
  const { inputs, outputs, kernel, stride = 1, padding, dilation = 1, groups = 1 } = options;
  const [height, width] = typeof kernel === "number" ? [kernel, kernel] : kernel;
  const initializer = torchDefault(inputs / groups * height * width);
  const { weightInitializer = initializer, biasInitializer = initializer } = options;
  const shape = [outputs, inputs / groups, height, width];
  const weight = scope.parameter("weight", shape, weightInitializer);
  const bias = options.bias ?? true
    ? scope.parameter("bias", [outputs], biasInitializer)
    : undefined;
  return (x) => {
    const pads = padding === "same"
      ? samePadding(x, [height, width], { stride, dilation })
      : padding;
    return conv(x, weight, { bias, stride, padding: pads, dilation, groups });
  };
}

/**
 * TensorFlow's padding.
 * @param x Maps `[batch, channels, height, width]`.
 * @param kernel Height and width of the window.
 * @param steps Steps between and within windows.
 * @returns Rows and columns at the top, on the left, at the bottom and on the right.
 */
export function samePadding(
  x: Tensor,
  kernel: readonly [number, number],
  { stride, dilation }: { readonly stride: Pair; readonly dilation: Pair },
): readonly [number, number, number, number] {
  const at = (pair: Pair, axis: number) => typeof pair === "number" ? pair : pair[axis];
  const [rows, columns] = kernel.map((size, axis) => {
    const [side, step] = [Number(x.shape[2 + axis]), at(stride, axis)];
    const reach = (Math.ceil(side / step) - 1) * step + (size - 1) * at(dilation, axis) + 1;
    return Math.max(reach - side, 0);
  });
  const [top, left] = [Math.floor(rows / 2), Math.floor(columns / 2)];
  return [top, left, rows - top, columns - left];
}

/** Normal by He et al. 2015 (`torch.nn.init.kaiming_normal_`, mode fan_out, for ReLU). */
export const kaimingNormal: Initializer = (shape, random): Float32Array<ArrayBuffer> => {
  const fanOut = shape[0] * sizeOf(shape.slice(2));
  return normal(Math.sqrt(2 / fanOut))(shape, random);
};

/**
 * Normal by the weights that lead from an entry, as TensorFlow's networks start.
 * @param entries Channels that go out, times the entries of a window.
 * @param groups Number of groups that channels are divided into.
 */
export function fanOutNormal(entries: number, groups = 1): Initializer {
  return normal(Math.sqrt(2 / Math.floor(entries / groups)));
}
