/**
 * The convolutions of EfficientNets, with their normalisations.
 * @module
 */
import { concat } from "../../ir/layout.ts";
import { slice } from "../../ir/indexing.ts";
import type { Layer, Scope } from "../scope.ts";
import type { Gate } from "./_efficientnet_gates.ts";
import type { AntiAliasing } from "./_resnet_blocks.ts";
import type { Activation } from "./activations.ts";
import { conv2d, fanOutNormal } from "./convolution.ts";
import type { NormLayer } from "./norms.ts";

/** What all blocks of a network have in common. */
export interface EfficientNetOptions {
  readonly activation: Activation;
  readonly norm: NormLayer;
  /** Whether maps are padded as in TensorFlow. */
  readonly same: boolean;
  /** What weighs the channels of blocks that ask for it. */
  readonly gate: Gate;
  /** @default {convolutions take every second window} */
  readonly antiAliasing?: AntiAliasing;
}

/** Sizes of a convolution without bias. */
export interface ConvSizes {
  readonly inputs: number;
  readonly outputs: number;
  /** Windows; several share the channels. */
  readonly kernels: readonly number[];
  readonly stride?: 1 | 2;
  /** @default {1} */
  readonly groups?: number;
}

/** Declares one convolution, or one for each of several windows, that share the channels. */
function convolution(scope: Scope, sizes: ConvSizes, same: boolean): Layer {
  const { inputs, outputs, kernels, stride = 1, groups = 1 } = sizes;
  const single = (place: Scope, part: Omit<ConvSizes, "kernels"> & { kernel: number }) =>
    conv2d(place, {
      ...part,
      stride,
      padding: same || part.kernel === 2 ? "same" : Math.floor((stride - 1 + part.kernel - 1) / 2),
      bias: false,
      weightInitializer: fanOutNormal(part.outputs * part.kernel ** 2, part.groups),
    });
  if (kernels.length === 1) return single(scope, { inputs, outputs, kernel: kernels[0], groups });
  const [from, to] = [inputs, outputs].map((channels) => shares(channels, kernels.length));
  const parts = kernels.map((kernel, index) =>
    single(scope.child(`${index}`), {
      inputs: from[index],
      outputs: to[index],
      kernel,
      groups: groups === inputs ? from[index] : 1,
    })
  );
  return (x, context) => {
    let start = 0;
    const maps = parts.map((part, index) => {
      const end = start + from[index];
      const share = slice(x, 1, start, end);
      start = end;
      return part(share, context);
    });
    return concat(maps, 1);
  };
}

/** Divides channels evenly; the first share gets what is left. */
function shares(channels: number, count: number): readonly number[] {
  const share = Math.floor(channels / count);
  return Array.from({ length: count }, (_, i) => i === 0 ? channels - share * (count - 1) : share);
}

/** A convolution, a normalisation, and an activation function where there is one. */
export function convNormAct(
  [conv, norm]: readonly [Scope, Scope],
  sizes: ConvSizes,
  options: EfficientNetOptions,
  act?: Activation,
): Layer {
  const maps = convolution(conv, sizes, options.same);
  const normalise = options.norm(norm, sizes.outputs);
  return (x, context) => {
    const y = normalise(maps(x, context), context);
    return act ? act(y) : y;
  };
}
